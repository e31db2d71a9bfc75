/* The memory of this process, region by region. */
#ifndef CLOCHE_REGIONS_H
#define CLOCHE_REGIONS_H

#include <stddef.h>
#include <stdint.h>

#include "../dump.h"

struct regions {
    uint32_t count;
    struct dump_region all[DUMP_MOST_REGIONS];
};

uint64_t regions_round(uint64_t size); /* up to whole pages */

/* Finds all that can be read, and says where in the file each begins: the first at `front`. */
int regions_find(struct regions *found, uint64_t front);
/* The size of the file. */
uint64_t regions_end(const struct regions *found, uint64_t front);
/* Writes them to where they belong; zero pages are left out. */
int regions_write(const struct regions *found, int file);

/* vdso.c: a copy of the kernel's code in this process, in which each function is a plain system call: what they read
 * lies elsewhere in another process. NULL for one that can't be understood. */
const void *vdso_plain(const void *vdso, size_t size);

#endif
