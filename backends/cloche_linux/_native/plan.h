/* The plan as it lies in memory: header, records, text. The same layout as in `steps.py`. */
#ifndef CLOCHE_PLAN_H
#define CLOCHE_PLAN_H

#include <stdint.h>

enum {
    PLAN_MAGIC = 0x504C4F43,
    PLAN_VERSION = 1,
    PLAN_MAX_STEPS = 4096,
    PLAN_MAX_BYTES = 64 << 20,
};

enum {
    RECURSIVE = 1,
    USE_SCRATCH = 2,
    NEW_PID_NAMESPACE = 4,
    WAIT = 8,
    VERIFY_SOURCE = 16,
    RECURSIVE_ATTRIBUTES = 32,
    NO_PIVOT = 64,
    RECURSIVE_PROPAGATION = 128,
    RECURSIVE_IDMAP = 256,
    IDMAP = 512,
    COPY_MODE = 1024,
    COPY_UP = 2048,
    NO_LINK = 4096,
    LISTEN = 8192,
    OPEN_LINK = 16384,
    ON_LINK = 32768,
};

enum {
    DETACHED = 1, /* of a whole plan: its processes do not end with the embedding one */
    KEPT = 2,     /* of a whole plan that begins with KEEP: they end with the keeper instead */
};

/* Which of two tries a step is, its number: a user may do what root of a user namespace may not. */
enum { FIRST_TURN = 1, SECOND_TURN = 2 };

struct plan_header {
    uint32_t magic;
    uint16_t version;
    uint16_t record_size;
    uint32_t steps;
    uint32_t text_size;
    uint16_t fault_step; /* 0: no fault */
    uint16_t flags;      /* DETACHED or KEPT */
    uint32_t fault_occurrence;
    int32_t fault_errno;
    uint32_t reserved_too;
};

/* A piece of the text, followed by a NUL that is not part of it. Absent is empty. */
struct span {
    uint32_t start;
    uint32_t length;
};

struct record {
    uint16_t step;
    uint16_t flags;
    int32_t number;
    uint64_t first;
    uint64_t second;
    uint64_t third;
    struct span path;
    struct span source;
    struct span data;
    struct span more;
};

struct plan {
    const struct plan_header *header;
    const struct record *records;
    const char *text;
    uint32_t steps;
};

/* Checks everything that can be checked before anything is done. `extras` is how many descriptors there are
 * from FD_EXTRAS on. Returns null, or what is wrong. */
const char *plan_check(struct plan *plan, const void *bytes, uint64_t size, uint32_t extras);

static inline const char *text_of(const struct plan *plan, struct span span)
{
    return plan->text + span.start;
}

/* Walks a list of strings: `for (const char *s = list_begin(p, l); s; s = list_next(p, l, s))`. */
const char *list_begin(const struct plan *plan, struct span list);
const char *list_next(const struct plan *plan, struct span list, const char *item);

#endif
