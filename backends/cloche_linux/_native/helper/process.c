/* Steps on the process that is to become the workload. */
#include "helper.h"

/* Closes everything from `first` on but two descriptors, of which the first is the smaller; the other may be -1. */
static int close_between(int first, int one, int other)
{
    int error = (int)CALL(close_range, first, one - 1, 0);
    if (other < 0)
        other = one;
    if (!error && one + 1 < other)
        error = (int)CALL(close_range, one + 1, other - 1, 0);
    return error ? error : (int)CALL(close_range, other + 1, ~0u, 0);
}

/* Really closes, and does not leave it to execve: until then a path may go through /proc/self/fd/N
 * (CVE-2024-21626). The control socket and the lifetime pipe, which lead nowhere, move behind what stays. */
int step_descriptors(struct helper *h, const struct record *r)
{
    int stay = r->number;
    if (stay < 0 || (uint32_t)stay > h->extras)
        return -EBADF;
    h->control = (int)CALL(fcntl, FD_CONTROL, F_DUPFD_CLOEXEC, FD_EXTRAS + h->extras);
    if (h->lifetime >= 0)
        h->lifetime = (int)CALL(fcntl, FD_LIFETIME, F_DUPFD_CLOEXEC, FD_EXTRAS + h->extras);
    if (h->control < 0)
        return h->control;
    for (int i = 0; i < stay; i++) {
        long placed = CALL(dup3, FD_EXTRAS + i, FD_CONTROL + i, 0);
        if (placed < 0)
            return (int)placed;
    }
    if (h->lifetime < 0 && !(h->plan.header->flags & DETACHED))
        return h->lifetime;
    int error = close_between(FD_CONTROL + stay, h->control, h->lifetime);
    h->root = h->scratch = h->sysctls = -1;
    return error;
}

struct limits {
    uint64_t soft;
    uint64_t hard;
};

int step_rlimit(struct helper *h, const struct record *r)
{
    struct limits limits = {r->first, r->second};
    (void)h;
    return (int)CALL(prlimit64, 0, r->number, &limits, 0);
}

int step_umask(struct helper *h, const struct record *r)
{
    h->umask = (unsigned)r->number & 0777;
    return 0;
}

struct scheduling { /* `struct sched_attr` of its first size */
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
};

int step_scheduler(struct helper *h, const struct record *r)
{
    struct scheduling wanted = {
        .size = sizeof wanted,
        .policy = (uint32_t)r->number,
        .flags = r->first,
        .nice = (int32_t)r->second,
        .priority = (uint32_t)r->third,
    };
    if (r->data.length != 3 * sizeof(uint64_t))
        return -EINVAL;
    memcpy(&wanted.runtime, text_of(&h->plan, r->data), 3 * sizeof(uint64_t));
    return (int)CALL(sched_setattr, 0, &wanted, 0);
}

/* For the whole process, which has one thread. */
int step_io_priority(struct helper *h, const struct record *r)
{
    (void)h;
    return (int)CALL(ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, r->number);
}

int step_affinity(struct helper *h, const struct record *r)
{
    return (int)CALL(sched_setaffinity, 0, r->data.length, text_of(&h->plan, r->data));
}

/* Of the number of bits the kernel takes one away. */
int step_memory_policy(struct helper *h, const struct record *r)
{
    const char *nodes = r->data.length ? text_of(&h->plan, r->data) : 0;
    return (int)CALL(set_mempolicy, r->number, nodes, nodes ? r->data.length * 8 + 1 : 0);
}

/* What is the caller's and not the user's could not be opened again, as /dev/stderr is. */
int step_give_streams(struct helper *h, const struct record *r)
{
    struct statx file;
    (void)h;
    for (int fd = 0; fd <= 2; fd++) {
        int error = sys_statx(fd, STATX_TYPE | STATX_UID, &file);
        if (error)
            return error;
        int is_null = (file.stx_mode & 0170000) == 0020000 && file.stx_rdev_major == 1 && file.stx_rdev_minor == 3;
        int is_terminal = (file.stx_mode & 0170000) == 0020000; /* whose group is all terminals' */
        if (!is_null && file.stx_uid != (uint32_t)r->number)
            error = (int)CALL(fchown, fd, r->number, is_terminal ? -1 : (int)r->first);
        if (error && error != -EINVAL && error != -EPERM && error != -EROFS)
            return error;
    }
    return 0;
}

int step_personality(struct helper *h, const struct record *r)
{
    (void)h;
    long before = CALL(personality, r->first);
    return before < 0 ? (int)before : 0;
}

static int enter(const char *path)
{
    static char found[4096];
    int fd = sys_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY, RESOLVE_NO_MAGICLINKS);
    if (fd < 0)
        return fd;
    int error = (int)CALL(fchdir, fd);
    sys_close(fd);
    if (error)
        return error;
    long size = CALL(getcwd, found, sizeof found);
    return size < 0 ? (int)size : found[0] == '/' ? 0 : -ENOENT; /* "(unreachable)…" begins otherwise */
}

/* A directory of the user's alone may be closed to root of a user namespace that does not know its group. */
int step_working_directory(struct helper *h, const struct record *r)
{
    if (r->number == SECOND_TURN && !h->is_astray)
        return 0;
    int error = enter(text_of(&h->plan, r->path));
    h->is_astray = r->number == FIRST_TURN && error == -EACCES;
    return h->is_astray ? 0 : error;
}

int step_parent_death(struct helper *h, const struct record *r)
{
    return watch_parent(h, r->number);
}
