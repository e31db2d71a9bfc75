/* Between the parts of the extension. */
#ifndef CLOCHE_EXTENSION_H
#define CLOCHE_EXTENSION_H

#include <stddef.h>
#include <stdint.h>

#include "../protocol.h"
#include "../untar/module.h"
#include "module.h"

/* kernel_calls.c; memfd_create(2) is in C libraries since 2017 only. The memfd is close-on-exec. */
enum { MFD_ALLOW_SEALING_ = 2, MFD_EXEC_ = 0x10 };
int create_memfd(const char *name, unsigned flags);
int reap_now(int pidfd, int *status); /* as `cloche_reap`, of a child that is not watched */

/* process.c */
enum { FIRST_KEPT = 10 }; /* what a process without standard streams opens later as 0, 1 or 2 is not in our place */
int thread_begin(void *(*run)(void *), size_t stack_size);
int move_above(int fd, int lowest);

/* holdings.c: what this process keeps open for all its children. */
struct holdings {
    int image;       /* a sealed memfd with the helper */
    int null_device;
    int lifetime;    /* the end that children watch; the other is closed by the kernel when this process ends */
};

int holdings_get(struct holdings *holdings);
void holdings_before_fork(void);
void holdings_after_fork(void);
void holdings_in_fork(void);

/* launch.c: the one clone. */
struct launch {
    const int *sources; /* in the order of the helper's descriptors, from 0 */
    unsigned count;
    int new_pid_namespace;
    int cgroup;
    int pid; /* or -errno */
    int pidfd;
};

void launch(struct launch *launch, void *stack, size_t stack_size);

/* spawner.c: the thread that does it. */
int spawner_launch(struct launch *launch);
void spawner_before_fork(void);
void spawner_after_fork(void);
void spawner_in_fork(void);

/* reaper.c */
void reaper_before_fork(void);
void reaper_after_fork(void);
void reaper_in_fork(void);

#endif
