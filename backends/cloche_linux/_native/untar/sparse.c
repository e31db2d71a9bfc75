/* Where the data of a sparse file belongs. */
#include <stdlib.h>
#include <string.h>

#include "untar.h"

enum { FIELD = 12 };

int sparse_add(struct cloche_untar *u, int64_t offset, int64_t size)
{
    struct entry *e = &u->entry;
    if (e->extents == MOST_EXTENTS)
        return refuse(u, "its sparse map has more than %d parts", MOST_EXTENTS);
    if (e->extents == e->map_room) {
        size_t room = e->map_room ? 2 * e->map_room : 16;
        struct extent *map = realloc(e->map, room * sizeof *map);
        if (!map)
            return broken(u, "sparse map");
        e->map = map;
        e->map_room = room;
    }
    e->map[e->extents++] = (struct extent){offset, size};
    return 0;
}

int sparse_old(struct cloche_untar *u, const unsigned char *fields, size_t count)
{
    for (size_t i = 0; i < count && fields[2 * i * FIELD]; i++) {
        int64_t offset, size;
        if (header_number(fields + 2 * i * FIELD, FIELD, &offset) ||
            header_number(fields + (2 * i + 1) * FIELD, FIELD, &size))
            return refuse(u, "its sparse map is damaged");
        if (sparse_add(u, offset, size))
            return u->error;
    }
    return 0;
}

int sparse_text(struct cloche_untar *u, const char *map, size_t size)
{
    int64_t numbers[2];
    u->entry.extents = 0;
    u->entry.sparse = 1;
    for (size_t at = 0, i = 0; at < size; i++) {
        const char *comma = memchr(map + at, ',', size - at);
        size_t length = comma ? (size_t)(comma - map) - at : size - at;
        if (decimal(map + at, length, &numbers[i % 2]))
            return refuse(u, "its sparse map is damaged");
        if (i % 2 && sparse_add(u, numbers[0], numbers[1]))
            return u->error;
        at += length + 1;
        if (at >= size && i % 2 == 0)
            return refuse(u, "its sparse map is damaged");
    }
    return 0;
}

static int whole_line(struct cloche_untar *u)
{
    struct entry *e = &u->entry;
    int64_t number = (int64_t)u->line;
    size_t place = u->lines++;
    u->line = 0;
    u->digits = 0;
    if (place == 0)
        u->extent = (size_t)number; /* how many there will be */
    else if (place % 2)
        return sparse_add(u, number, -1);
    else
        e->map[e->extents - 1].size = number;
    if (u->extent > MOST_EXTENTS)
        return refuse(u, "its sparse map has more than %d parts", MOST_EXTENTS);
    return 0;
}

int sparse_line(struct cloche_untar *u, char byte)
{
    if (byte >= '0' && byte <= '9' && u->digits < 18) {
        u->line = u->line * 10 + (uint64_t)(byte - '0');
        u->digits++;
        return 0;
    }
    if (byte != '\n' || !u->digits)
        return refuse(u, "its sparse map is damaged");
    if (whole_line(u))
        return u->error;
    return u->lines == 1 + 2 * u->extent;
}

/* Parts in order, none beyond the end, and as much data as the entry has. */
int sparse_check(struct cloche_untar *u)
{
    const struct entry *e = &u->entry;
    int64_t end = 0, data = 0;
    for (size_t i = 0; i < e->extents; i++) {
        const struct extent *part = &e->map[i];
        if (part->offset < end || part->size < 0 || part->offset > e->real_size ||
            part->size > e->real_size - part->offset)
            return refuse(u, "its sparse map is not in order");
        end = part->offset + part->size;
        data += part->size;
    }
    return data == u->left ? 0 : refuse(u, "its sparse map does not fit its data");
}
