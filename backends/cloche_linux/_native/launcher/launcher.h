/* `cloche-oci`: what is plain is done here, and everything else by Python, which gets the very same words.
 *
 * Nothing here explains anything. Whatever is unusual, or went wrong, is handed to Python while nothing is changed
 * yet, or where all that was done may be done again; so there is one place that knows the words of errors. */
#ifndef CLOCHE_LAUNCHER_H
#define CLOCHE_LAUNCHER_H

#include <asm/errno.h>
#include <linux/fcntl.h>
#include <stddef.h>
#include <stdint.h>

#include "../helper/text.h"
#include "../system_call.h"

enum { PATH_ROOM = 4096, NUMBER_ROOM = 24 };

/* How this program was called, as the kernel left it on the stack. */
struct call {
    int count;
    char **words; /* the program's own name is the first */
    char **environment;
};

extern struct call the_call;

/* python.c */

/* Never returns: Python does it all, or nobody does. All descriptors of ours close, and with them go locks. */
__attribute__((noreturn)) void hand_over(void);
/* The same, with a variable more, as NAME=value. */
__attribute__((noreturn)) void hand_over_with(const char *variable);

/* words.c */

__attribute__((noreturn)) void end(int code);

/* A path that is being put together; `length` is 0 once it did not fit. */
struct path {
    char text[PATH_ROOM];
    size_t length;
};

void path_start(struct path *path, const char *text);
void path_add(struct path *path, const char *text);
void path_add_number(struct path *path, uint64_t number);
/* The value of a variable, or NULL. */
const char *variable(const char *name);
int is_there(const char *path);
/* Where this program is; empty if that can't be told. */
const struct path *this_program(void);
/* Whether there are input, output and errors. Else a file that is opened would take the place of one. */
int has_streams(void);

/* files.c */

/* Reads a file whole; its size, -EFBIG for one that does not fit, or what the kernel says. */
long read_file(int directory, const char *name, char *to, size_t room);
/* Writes all of it; 0, or what the kernel says. */
int write_all(int fd, const char *text, size_t size);

/* Each command's end is the program's. */

struct line;
__attribute__((noreturn)) void do_state(const struct line *line);
__attribute__((noreturn)) void do_kill(const struct line *line);
__attribute__((noreturn)) void do_start(const struct line *line);
__attribute__((noreturn)) void do_delete(const struct line *line);

#endif
