/* Which memory there is, by /proc/self/maps (proc(5)). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "regions.h"

#ifdef __x86_64__

enum { PAGE = 4096, MAPS_ROOM = 1 << 17, STACK = 8 << 20 };

struct line {
    unsigned long start, end;
    char rights[5];
    const char *name;
};

/* Not on the stack, which is written as well. */
static char maps[MAPS_ROOM];
static const char zeros[PAGE];
static uint64_t vdso_start;

uint64_t regions_round(uint64_t size)
{
    return (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

static int read_maps(void)
{
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -errno;
    size_t size = 0;
    ssize_t more;
    while (size < sizeof maps - 1 && (more = read(file, maps + size, sizeof maps - 1 - size)) > 0)
        size += (size_t)more;
    close(file);
    maps[size] = '\0';
    return size == sizeof maps - 1 ? -EFBIG : 0;
}

/* The name is the sixth field; its first character tells files, which begin with a slash, from the kernel's own. */
static int read_line(char *text, struct line *line)
{
    int at = 0;
    if (sscanf(text, "%lx-%lx %4s %*s %*s %*s %n", &line->start, &line->end, line->rights, &at) < 3 || !at)
        return -EINVAL;
    line->name = text + at;
    return 0;
}

static uint64_t protection(const char *rights)
{
    return (rights[0] == 'r' ? PROT_READ : 0u) | (rights[1] == 'w' ? PROT_WRITE : 0u)
           | (rights[2] == 'x' ? PROT_EXEC : 0u);
}

static int add(struct regions *found, uint64_t start, uint64_t end, uint64_t rights, uint64_t *offset)
{
    if (found->count == DUMP_MOST_REGIONS)
        return -EFBIG;
    found->all[found->count++] = (struct dump_region){start, end - start, offset ? *offset : 0, rights};
    if (offset)
        *offset += end - start;
    return 0;
}

/* The kernel makes the first thread's stack larger when it is used; elsewhere it has its size from the start. */
static int add_stack(struct regions *found, const struct line *line, uint64_t *offset)
{
    int error = add(found, line->end - STACK, line->start, PROT_READ | PROT_WRITE, NULL);
    return error ? error : add(found, line->start, line->end, PROT_READ | PROT_WRITE, offset);
}

/* What the kernel shows to every process is nobody's memory, and what can't be read is there for nothing to be in it. */
static int add_line(struct regions *found, const struct line *line, uint64_t *offset)
{
    if (line->rights[0] != 'r' || strncmp(line->name, "[vvar", 5) == 0 || strcmp(line->name, "[vsyscall]") == 0)
        return 0;
    if (strcmp(line->name, "[stack]") == 0)
        return add_stack(found, line, offset);
    if (strcmp(line->name, "[vdso]") == 0)
        vdso_start = line->start;
    return add(found, line->start, line->end, protection(line->rights), offset);
}

int regions_find(struct regions *found, uint64_t front)
{
    int error = read_maps();
    uint64_t offset = front;
    found->count = 0;
    for (char *rest = maps, *text; !error && (text = strsep(&rest, "\n")) && *text;) {
        struct line line;
        error = read_line(text, &line);
        if (!error)
            error = add_line(found, &line, &offset);
    }
    return error;
}

uint64_t regions_end(const struct regions *found, uint64_t front)
{
    const struct dump_region *last = found->all + found->count - 1;
    return found->count ? last->offset + last->size : front;
}

static int write_region(const struct dump_region *region, const char *from, int file)
{
    for (uint64_t at = 0; at < region->size; at += PAGE) {
        if (memcmp(from + at, zeros, PAGE) == 0)
            continue;
        ssize_t written = pwrite(file, from + at, PAGE, (off_t)(region->offset + at));
        if (written != PAGE)
            return written < 0 ? -errno : -ENOSPC;
    }
    return 0;
}

int regions_write(const struct regions *found, int file)
{
    int error = 0;
    for (uint32_t i = 0; !error && i < found->count; i++) {
        const struct dump_region *region = found->all + i;
        const void *from = (const void *)region->start;
        if (region->start == vdso_start)
            from = vdso_plain(from, region->size); /* NULL for one of an unknown kind */
        if (region->offset)
            error = from ? write_region(region, from, file) : -ENOTSUP;
    }
    return error;
}

#endif
