/* The thin layer: all that differs between Windows and Linux. Paths are UTF-8. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* ---- time ---- */

uint64_t milliseconds_now(void); /* of a clock that only goes forward */
void sleep_milliseconds(int milliseconds);

/* ---- memory that clients free by CoTaskMemFree ---- */

void *string_memory(size_t size);

/* Called once. From then on `freed` hears of each such memory before it is gone. */
void watch_string_memory(void (*freed)(void *memory));

/* ---- files ---- */

bool is_directory(const char *path);
bool is_absolute(const char *path);
bool exists(const char *path);
bool make_directory(const char *path);
bool remove_directory(const char *path); /* an empty one; a link to one goes itself */
bool remove_file(const char *path);
bool is_link(const char *path);
FILE *open_file(const char *path, const char *mode);
char *join_path(const char *folder, const char *name); /* an absolute name stays; malloc */
typedef void (*visitor)(void *context, const char *name);
void visit_directory(const char *path, visitor visit, void *context);

/* Whether the calling thread may import and export layers: what Windows asks of it. */
bool has_layer_privileges(void);

/* ---- pipes ---- */

typedef intptr_t channel; /* a HANDLE, or a descriptor */
#define NO_CHANNEL ((channel)-1)

struct pipe_ends {
    channel client;    /* what HCS hands out: on Windows overlapped only */
    channel guest;     /* the process' own */
    uint64_t identity; /* of the pipe, among all of this process */
    bool client_writes;
};

bool make_pipe(struct pipe_ends *pipe, bool client_writes);
bool client_end_is_open(const struct pipe_ends *pipe); /* anywhere in this process */
void close_channel(channel *end);                      /* repeatable */

/* Bytes written; 0 if there is no room within about ten milliseconds; -1: nobody reads. */
int write_channel(channel end, const char *bytes, size_t length);

/* Bytes read; 0 if there are none within about ten milliseconds; -1 at the end. */
int read_channel(channel end, char *bytes, int room);

/* ---- processes that really run ---- */

struct child; /* one that runs */

struct child *start_child(const char *command_line, const char *environment, const char *folder,
                          channel input, channel output, channel errors); /* NULL: not found */
uint32_t wait_for_child(struct child *child); /* its exit code; to be called once */
void kill_child(struct child *child);
void interrupt_child(struct child *child, const char *signal);
void pause_child(struct child *child, bool paused);

#endif
