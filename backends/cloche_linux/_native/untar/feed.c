/* Takes the stream apart, wherever it was cut: headers, what extends them, data, padding. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "untar.h"

int refuse(struct cloche_untar *u, const char *format, ...)
{
    if (u->error)
        return u->error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(u->reason, sizeof u->reason, format, arguments);
    va_end(arguments);
    return u->error = -EBADMSG;
}

int broken(struct cloche_untar *u, const char *what)
{
    if (u->error)
        return u->error;
    snprintf(u->reason, sizeof u->reason, "%s", what);
    return u->error = errno ? -errno : -ENOMEM;
}

static void begin_anew(struct entry *e)
{
    e->given = 0;
    e->xattrs.size = 0;
    e->sparse = e->sparse_major = 0;
    e->real_size = 0;
    e->extents = 0;
}

static void skip(struct cloche_untar *u, int64_t size)
{
    u->left = size;
    u->padding = (size_t)(-size & (BLOCK - 1));
    u->state = SKIP;
}

static int is_file(char type)
{
    return type == '0' || type == 0 || type == '7' || type == 'S';
}

/* Counts what an entry will take before it is made. */
static int check_limits(struct cloche_untar *u)
{
    const struct entry *e = &u->entry;
    uint64_t size = is_file(e->type) ? (uint64_t)(e->sparse ? e->real_size : e->size) : 0;
    if (size > u->rules.most_bytes - u->bytes)
        return refuse(u, "the archive has more bytes than a layer may have");
    u->bytes += size;
    if (++u->entries > u->rules.most_entries)
        return refuse(u, "the archive has more entries than a layer may have");
    return 0;
}

static int check_sparse(struct cloche_untar *u)
{
    const struct entry *e = &u->entry;
    if (e->sparse && (!is_file(e->type) || e->sparse_major > 1))
        return refuse(u, "its sparse map is of an unknown kind");
    return 0;
}

static int end_entry(struct cloche_untar *u)
{
    entry_done(u);
    begin_anew(&u->entry);
    skip(u, 0);
    return u->error;
}

/* Where data comes: checks the map that says where it goes. */
static int begin_data(struct cloche_untar *u)
{
    if (u->entry.sparse && sparse_check(u))
        return u->error;
    u->extent = 0;
    u->within = 0;
    u->state = DATA;
    if (entry_make(u))
        return u->error;
    if (u->left)
        return 0;
    size_t padding = u->padding;
    end_entry(u);
    u->padding = padding;
    return u->error;
}

static int begin_file(struct cloche_untar *u, int more_map)
{
    u->left = u->entry.size;
    u->padding = (size_t)(-u->entry.size & (BLOCK - 1));
    if (more_map) {
        u->state = SPARSE_BLOCKS;
        return 0;
    }
    if (u->entry.sparse_major == 1) {
        u->state = SPARSE_LINES;
        u->line = 0;
        u->digits = 0;
        u->lines = u->extent = 0;
        return 0;
    }
    return begin_data(u);
}

static int is_extension(char type)
{
    return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

/* Its header is about itself, and has a name and a size of its own: what others said before it stays. */
static int begin_extension(struct cloche_untar *u, const unsigned char *block)
{
    struct entry kept = u->entry;
    u->entry = (struct entry){0};
    header_read(u, block);
    int64_t size = u->entry.size;
    text_free(&u->entry.name);
    text_free(&u->entry.link);
    u->extension_type = u->entry.type;
    u->entry = kept;
    if (u->error || size > LARGEST_EXTENSION)
        return refuse(u, "an extended header of %lld bytes", (long long)size);
    u->extension.size = 0;
    u->left = size;
    u->padding = (size_t)(-size & (BLOCK - 1));
    u->state = EXTENSION;
    return 0;
}

/* A directory or link has no data; some programs state a hard link's size all the same. */
static int begin_other(struct cloche_untar *u)
{
    if (u->entry.size && u->entry.type != '1')
        return refuse(u, "an entry of its kind has no data");
    entry_make(u);
    return u->error ? u->error : end_entry(u);
}

static int end_block(struct cloche_untar *u)
{
    u->state = u->zeros++ ? ENDED : HEADER;
    return 0;
}

static int use_header(struct cloche_untar *u, const unsigned char *block)
{
    struct entry *e = &u->entry;
    if (header_is_blank(block))
        return e->given ? refuse(u, "an extended header without an entry") : end_block(u);
    if (u->zeros)
        return refuse(u, "an entry follows where the archive has ended");
    if (is_extension((char)block[156]))
        return begin_extension(u, block);
    if (header_read(u, block) || check_limits(u) || check_sparse(u))
        return u->error;
    return is_file(e->type) ? begin_file(u, e->type == 'S' && block[482]) : begin_other(u);
}

static int long_name(struct cloche_untar *u, struct text *text, unsigned what)
{
    size_t size = strnlen(u->extension.data, u->extension.size);
    if (u->entry.given & (what | EXTENDED))
        return refuse(u, "it has two names");
    u->entry.given |= what;
    return text_set(text, u->extension.data, size) ? broken(u, "name") : 0;
}

static int use_extension(struct cloche_untar *u)
{
    struct text *all = &u->extension;
    switch (u->extension_type) {
    case 'x':
        return pax_read(u, all->data, all->size);
    case 'g':
        return pax_check(u, all->data, all->size);
    case 'L':
        return long_name(u, &u->entry.name, NAME);
    }
    return long_name(u, &u->entry.link, LINK);
}

/* Writes as the map says; what lies between is never written, and reads as zeros. */
static int write_data(struct cloche_untar *u, const unsigned char *data, size_t size)
{
    const struct entry *e = &u->entry;
    while (size && u->file >= 0) {
        int64_t offset = u->within, room = (int64_t)size;
        if (e->sparse) {
            while (u->within == e->map[u->extent].size) {
                u->extent++;
                u->within = 0;
            }
            offset = e->map[u->extent].offset + u->within;
            room = e->map[u->extent].size - u->within;
        }
        ssize_t written = pwrite(u->file, data, room < (int64_t)size ? (size_t)room : size, offset);
        if (written < 0 && errno != EINTR)
            return broken(u, "data");
        written = written < 0 ? 0 : written;
        data += written;
        size -= (size_t)written;
        u->within += written;
    }
    return 0;
}

static size_t feed_block(struct cloche_untar *u, const unsigned char *data, size_t size,
                         int (*use)(struct cloche_untar *u, const unsigned char *block))
{
    if (u->filled == 0 && size >= BLOCK) {
        use(u, data);
        return BLOCK;
    }
    size_t used = size < BLOCK - u->filled ? size : BLOCK - u->filled;
    memcpy(u->block + u->filled, data, used);
    u->filled += used;
    if (u->filled == BLOCK) {
        u->filled = 0;
        use(u, u->block);
    }
    return used;
}

static int use_sparse_block(struct cloche_untar *u, const unsigned char *block)
{
    if (sparse_old(u, block, 21))
        return u->error;
    return block[504] ? 0 : begin_data(u);
}

/* The map in front of the data is part of the entry's size, up to a whole block. */
static int use_sparse_lines(struct cloche_untar *u, const unsigned char *block)
{
    int whole = 0;
    if (u->left < BLOCK)
        return refuse(u, "its sparse map is damaged");
    u->left -= BLOCK;
    for (int i = 0; i < BLOCK && !whole && !u->error; i++)
        whole = sparse_line(u, (char)block[i]);
    return u->error || !whole ? u->error : begin_data(u);
}

static size_t feed_extension(struct cloche_untar *u, const unsigned char *data, size_t size)
{
    size_t used = (int64_t)size < u->left ? size : (size_t)u->left;
    if (text_append(&u->extension, data, used))
        return broken(u, "extended header"), used;
    u->left -= (int64_t)used;
    if (u->left == 0) {
        size_t padding = u->padding;
        use_extension(u);
        skip(u, 0);
        u->padding = padding;
    }
    return used;
}

static size_t feed_data(struct cloche_untar *u, const unsigned char *data, size_t size)
{
    size_t used = (int64_t)size < u->left ? size : (size_t)u->left;
    if (write_data(u, data, used))
        return used;
    u->left -= (int64_t)used;
    if (u->left == 0) {
        size_t padding = u->padding;
        end_entry(u);
        u->padding = padding;
    }
    return used;
}

static size_t feed_skip(struct cloche_untar *u, size_t size)
{
    size_t used = size < u->padding ? size : u->padding;
    u->padding -= used;
    if (!u->padding)
        u->state = HEADER;
    return used;
}

static size_t step(struct cloche_untar *u, const unsigned char *data, size_t size)
{
    switch (u->state) {
    case HEADER:
        return feed_block(u, data, size, use_header);
    case EXTENSION:
        return feed_extension(u, data, size);
    case SPARSE_BLOCKS:
        return feed_block(u, data, size, use_sparse_block);
    case SPARSE_LINES:
        return feed_block(u, data, size, use_sparse_lines);
    case DATA:
        return feed_data(u, data, size);
    case SKIP:
        return feed_skip(u, size);
    case ENDED:
        break;
    }
    return size; /* what follows the end is padding, or nobody's */
}

int cloche_untar_feed(struct cloche_untar *u, const unsigned char *data, size_t size)
{
    while (size && !u->error) {
        size_t used = step(u, data, size);
        data += used;
        size -= used;
    }
    return u->error;
}

/* An archive that ends where an entry may begin is whole, as for Go and GNU tar: blank blocks may be missing. */
int cloche_untar_finish(struct cloche_untar *u)
{
    int between = u->state == ENDED || (u->state == HEADER && !u->filled) || (u->state == SKIP && !u->padding);
    if (!u->error && (!between || u->entry.given))
        refuse(u, "the archive was cut off");
    place_leave(u);
    return u->error ? u->error : implied_finish(u);
}
