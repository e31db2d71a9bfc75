/* Between the parts of the untar.
 *
 * Bytes go one way: feed.c takes the stream apart, header.c and pax.c read what an entry is, sparse.c where its
 * data belongs; paths.c finds its directory, entry.c makes it, whiteout.c what deletes, attributes.c the rest. */
#ifndef CLOCHE_UNTAR_H
#define CLOCHE_UNTAR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "module.h"

enum {
    BLOCK = 512,
    LONGEST_PATH = 4095,         /* what a system call takes */
    LARGEST_EXTENSION = 1 << 20, /* as Go's archive/tar */
    MOST_EXTENTS = 1 << 18,
    MOST_IMPLIED = 16 << 20, /* bytes of paths */
};

/* Bytes that grow, with a NUL behind them. */
struct text {
    char *data;
    size_t size, room;
};

int text_append(struct text *text, const void *data, size_t size); /* 0, or -ENOMEM */
int text_set(struct text *text, const void *data, size_t size);
void text_free(struct text *text);

struct extent { /* of a sparse file: data that is there */
    int64_t offset, size;
};

/* What a header before the header has said, and the header must not say again. */
enum { NAME = 1, LINK = 2, SIZE = 4, UID = 8, GID = 16, MTIME = 32, SPARSE_NAME = 64, EXTENDED = 128 };

struct entry {
    unsigned given;
    char type;
    struct text name, link;
    int64_t size; /* of its data in the archive */
    mode_t mode;
    uint32_t uid, gid, major, minor;
    struct timespec mtime;
    struct text xattrs; /* struct xattr, name, value; one after the other */
    int sparse, sparse_major;
    int64_t real_size;
    struct extent *map;
    size_t extents, map_room;
};

/* The directory that entries are made in just now. */
struct place {
    int fd; /* -1: none */
    struct text path;
    struct timespec mtime; /* to be given back: entries change it, the archive did not mean that */
};

enum state { HEADER, EXTENSION, SPARSE_BLOCKS, SPARSE_LINES, DATA, SKIP, ENDED };

struct cloche_untar {
    struct cloche_untar_rules rules;
    int root;
    enum state state;
    int error;
    char reason[256];
    struct text said; /* the name as the archive has it */

    unsigned char block[BLOCK];
    size_t filled;
    int zeros;
    struct text extension;
    char extension_type;
    int64_t left;   /* of what the state is about */
    size_t padding; /* after it */
    uint64_t bytes, entries;

    struct entry entry;
    int file; /* -1: what comes goes nowhere */
    size_t extent;
    int64_t within; /* that extent, or the file */
    uint64_t line;  /* of a sparse map: the number that is being read */
    int digits;
    size_t lines;

    struct place place;
    struct text implied;
};

/* Fail: the archive's fault, or the system's (errno). Both return non-zero, once and for all. */
int refuse(struct cloche_untar *u, const char *format, ...) __attribute__((format(printf, 2, 3)));
int broken(struct cloche_untar *u, const char *what);

/* header.c */
int header_is_blank(const unsigned char *block);
int header_read(struct cloche_untar *u, const unsigned char *block);
int header_number(const unsigned char *field, size_t size, int64_t *value); /* 0, or -1 */

/* pax.c */
int pax_read(struct cloche_untar *u, char *records, size_t size);
int pax_check(struct cloche_untar *u, char *records, size_t size);
int decimal(const char *text, size_t size, int64_t *value); /* 0, or -1 */

/* sparse.c */
int sparse_add(struct cloche_untar *u, int64_t offset, int64_t size);
int sparse_old(struct cloche_untar *u, const unsigned char *fields, size_t count);
int sparse_text(struct cloche_untar *u, const char *map, size_t size); /* GNU.sparse.map */
int sparse_line(struct cloche_untar *u, char byte); /* version 1.0; 1 when the map is whole */
int sparse_check(struct cloche_untar *u);

/* paths.c */
int path_clean(struct cloche_untar *u, struct text *path);
const char *path_base(const struct text *path);
int place_enter(struct cloche_untar *u, const struct text *path); /* the directory of what the path names */
void place_leave(struct cloche_untar *u);
int path_open(struct cloche_untar *u, const char *path); /* a directory beneath the root; -1 and errno */
int implied_finish(struct cloche_untar *u);

/* entry.c */
int entry_make(struct cloche_untar *u);
int entry_done(struct cloche_untar *u); /* its data is whole */
int clear_way(struct cloche_untar *u, const char *name, int *whiteout);

/* whiteout.c */
int is_whiteout(const char *name);
int whiteout_make(struct cloche_untar *u, const char *name);
int mark_opaque(struct cloche_untar *u, int directory);

/* attributes.c */
int attributes_add(struct cloche_untar *u, const char *name, size_t length, const void *value, size_t size);
int attributes_set(struct cloche_untar *u, int fd);      /* of a file or directory that is open */
int attributes_set_at(struct cloche_untar *u, const char *name); /* of anything in the place */

#endif
