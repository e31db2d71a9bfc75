/* Becoming the process that a dump was made of. */
#include <linux/mman.h>

#include "../dump.h"
#include "entries.h"
#include "undump.h"

#ifdef __x86_64__

#include <asm/prctl.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { OURS = 3 /* the first that is no stream */ };

/* Nothing of this process is replaced: where it is in the way, this is not done. */
static int map_region(int file, const struct dump_region *region)
{
    int flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE | (region->offset ? 0 : MAP_ANONYMOUS | MAP_NORESERVE);
    long got = CALL(mmap, region->start, region->size, region->protection, flags, region->offset ? file : -1,
                    region->offset);
    return got == (long)region->start;
}

static int map_all(int file, const struct dump_head *head)
{
    const struct dump_region *regions = (const void *)(head + 1);
    for (uint32_t i = 0; i < head->region_count; i++)
        if (!map_region(file, regions + i))
            return 0;
    return 1;
}

static int number_of(const char *name)
{
    int number = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        number = number * 10 + *name - '0';
    return number;
}

/* As execve(2) would close it. */
static void close_ours(void *context, const char *name, int kind)
{
    int file = number_of(name);
    (void)kind;
    if (file >= OURS && file != *(const int *)context && CALL(fcntl, file, F_GETFD) > 0)
        CALL(close, file);
}

static void close_all(void)
{
    int folder = (int)CALL(openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (folder < 0)
        return;
    each_entry(folder, close_ours, &folder);
    CALL(close, folder);
}

/* Returns there from the function that saved the context, with 1. By the order of dump.h. */
__attribute__((noreturn)) static void jump(const struct dump_context *context)
{
    __asm__ volatile("mov 0(%0), %%rbx\n\tmov 8(%0), %%rbp\n\t"
                     "mov 16(%0), %%r12\n\tmov 24(%0), %%r13\n\tmov 32(%0), %%r14\n\tmov 40(%0), %%r15\n\t"
                     "mov 48(%0), %%rsp\n\tjmp *56(%0)"
                     :
                     : "c"(context), "a"(1L)
                     : "memory");
    __builtin_unreachable();
}

void become(int file, const struct dump_head *head)
{
    if (!map_all(file, head) || CALL(arch_prctl, ARCH_SET_FS, head->context.fs) < 0)
        return;
    close_all();
    jump(&head->context);
}

#else

void become(int file, const struct dump_head *head)
{
    (void)file, (void)head;
}

#endif
