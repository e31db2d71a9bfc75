/* A dump: the memory of a process that was ready for work, in a file, and how to go on from there.
 *
 * It holds as long as the machine runs that made it, and the files that it was made of are the same. It begins with the
 * head, the regions, the stamps and their paths; memory follows, where it was found not to be zero. */
#ifndef CLOCHE_DUMP_H
#define CLOCHE_DUMP_H

#include <stdint.h>

enum { DUMP_MAGIC_SIZE = 8, DUMP_BOOT_SIZE = 36, DUMP_MOST_REGIONS = 512 };

#define DUMP_MAGIC "clochedm"

/* What a function that is called has to find again, and the thread's own memory. By the order of its members, which
 * assembly knows, too. */
struct dump_context {
    uint64_t rbx, rbp, r12, r13, r14, r15, rsp, rip, fs;
};

struct dump_region {
    uint64_t start;
    uint64_t size;
    uint64_t offset; /* in the file; 0 for memory that is zero */
    uint64_t protection;
};

/* A file as it has to be; -1 for the size of one that must not be there. The first is the launcher whose dump it is. */
struct dump_stamp {
    int64_t size;
    int64_t seconds; /* when it was written */
    int64_t nanoseconds;
    uint64_t path; /* from the first stamp on, with a NUL */
};

struct dump_head {
    char magic[DUMP_MAGIC_SIZE];
    uint64_t size;             /* of the file */
    char boot[DUMP_BOOT_SIZE]; /* /proc/sys/kernel/random/boot_id */
    uint32_t region_count;     /* 0: nothing can be gone on with here, and it need not be tried again */
    uint64_t front;            /* what comes before memory */
    uint64_t stamps;
    uint64_t stamp_count;
    struct dump_context context;
};

#endif
