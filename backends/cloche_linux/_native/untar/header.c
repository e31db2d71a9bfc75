/* One block that says what an entry is: ustar's, GNU's or older. See tar(5), and pax(1) of POSIX. */
#include <errno.h>
#include <string.h>

#include "untar.h"

struct header {
    unsigned char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    unsigned char magic[8], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};

struct gnu_sparse { /* where ustar has the prefix */
    unsigned char before[386], extents[96], more, real_size[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

int header_is_blank(const unsigned char *block)
{
    static const unsigned char zeros[BLOCK];
    return memcmp(block, zeros, BLOCK) == 0;
}

/* Numbers that octal digits have no room for: two's complement in big-endian bytes, the first bit apart. */
static int base_256(const unsigned char *field, size_t size, int64_t *value)
{
    int negative = field[0] & 0x40;
    uint64_t found = negative ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = i ? field[i] : negative ? field[0] | 0x80 : field[0] & 0x7f;
        if (found >> 55 != (negative ? 0x1ffu : 0))
            return -1;
        found = found << 8 | byte;
    }
    memcpy(value, &found, sizeof found);
    return 0;
}

static int octal(const unsigned char *field, size_t size, int64_t *value)
{
    size_t i = 0;
    uint64_t found = 0;
    while (i < size && (field[i] == ' ' || field[i] == 0))
        i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
        found = found << 3 | (uint64_t)(field[i] - '0'); /* twelve digits at most have 36 bits */
    for (; i < size; i++)
        if (field[i] != ' ' && field[i] != 0)
            return -1;
    *value = (int64_t)found;
    return 0;
}

int header_number(const unsigned char *field, size_t size, int64_t *value)
{
    return field[0] & 0x80 ? base_256(field, size, value) : octal(field, size, value);
}

/* Old programs summed signed characters. */
static int sum_is_right(const unsigned char *block)
{
    const struct header *h = (const struct header *)block;
    int64_t stated, plain = 0, with_signs = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        int blank = i >= offsetof(struct header, checksum) && i < offsetof(struct header, type);
        plain += blank ? ' ' : block[i];
        with_signs += blank ? ' ' : (signed char)block[i];
    }
    return !header_number(h->checksum, sizeof h->checksum, &stated) && (stated == plain || stated == with_signs);
}

static int set_name(struct cloche_untar *u, const struct header *h)
{
    size_t prefix = strnlen((const char *)h->prefix, sizeof h->prefix);
    if (memcmp(h->magic, "ustar\0", 6) != 0)
        prefix = 0; /* GNU's and older have other things there */
    struct text *name = &u->entry.name;
    int error = text_set(name, h->prefix, prefix);
    if (!error && prefix)
        error = text_append(name, "/", 1);
    return error ? error : text_append(name, h->name, strnlen((const char *)h->name, sizeof h->name));
}

static int set_names(struct cloche_untar *u, const struct header *h)
{
    struct entry *e = &u->entry;
    if (!(e->given & (NAME | SPARSE_NAME)) && set_name(u, h))
        return broken(u, "name");
    if (!(e->given & LINK) && text_set(&e->link, h->link, strnlen((const char *)h->link, sizeof h->link)))
        return broken(u, "link");
    if (text_set(&u->said, e->name.data, e->name.size))
        return broken(u, "name");
    return 0;
}

/* Reads a number that is an id, or a part of a device's. */
static int set_id(struct cloche_untar *u, const unsigned char *field, uint32_t *id, const char *what)
{
    int64_t number;
    if (header_number(field, 8, &number) || number < 0 || number >= UINT32_MAX)
        return refuse(u, "its %s is no number that can be one", what);
    *id = (uint32_t)number;
    return 0;
}

static int set_numbers(struct cloche_untar *u, const struct header *h)
{
    struct entry *e = &u->entry;
    int64_t mode, number = 0;
    if (header_number(h->mode, sizeof h->mode, &mode) || mode < 0)
        return refuse(u, "its mode is no number");
    e->mode = (mode_t)mode & 07777;
    if (!(e->given & SIZE) && (header_number(h->size, sizeof h->size, &e->size) || e->size < 0))
        return refuse(u, "its size is no number that can be one");
    if (!(e->given & MTIME)) {
        if (header_number(h->mtime, sizeof h->mtime, &number))
            return refuse(u, "its time is no number");
        e->mtime = (struct timespec){.tv_sec = (time_t)number};
    }
    if (!(e->given & UID) && set_id(u, h->uid, &e->uid, "owner"))
        return u->error;
    return e->given & GID ? 0 : set_id(u, h->gid, &e->gid, "group");
}

static int set_device(struct cloche_untar *u, const struct header *h)
{
    if (h->type != '3' && h->type != '4')
        return 0;
    if (set_id(u, h->major, &u->entry.major, "device") || set_id(u, h->minor, &u->entry.minor, "device"))
        return u->error;
    if (u->entry.major > 0xfff || u->entry.minor > 0xfffff)
        return refuse(u, "its device is no number that can be one");
    return 0;
}

static int set_old_sparse(struct cloche_untar *u, const struct header *h)
{
    const struct gnu_sparse *sparse = (const struct gnu_sparse *)h;
    if (h->type != 'S')
        return 0;
    u->entry.sparse = 1;
    if (header_number(sparse->real_size, sizeof sparse->real_size, &u->entry.real_size) || u->entry.real_size < 0)
        return refuse(u, "its size is no number that can be one");
    return sparse_old(u, sparse->extents, 4);
}

int header_read(struct cloche_untar *u, const unsigned char *block)
{
    const struct header *h = (const struct header *)block;
    if (!sum_is_right(block))
        return refuse(u, "the checksum of a header is wrong");
    u->entry.type = (char)h->type;
    if (set_names(u, h) || set_numbers(u, h) || set_device(u, h))
        return u->error;
    return set_old_sparse(u, h);
}
