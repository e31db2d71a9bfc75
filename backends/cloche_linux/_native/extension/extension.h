/* Between the parts of the extension. */
#ifndef CLOCHE_EXTENSION_H
#define CLOCHE_EXTENSION_H

#include <stddef.h>
#include <stdint.h>

#include "../protocol.h"
#include "module.h"

/* kernel_calls.c: memfd_create(2), which C libraries have since 2017; close-on-exec. */
enum { MFD_ALLOW_SEALING_ = 2, MFD_EXEC_ = 0x10 };
int create_memfd(const char *name, unsigned flags);

/* holdings.c: what this process keeps open for all its children. */
struct holdings {
    int image;          /* a sealed memfd with the helper */
    int null_device;
    int lifetime;       /* the end that children watch */
    int lifetime_write; /* never written; closed by the kernel when this process ends */
};

int holdings_get(struct holdings *holdings);
void holdings_forget_lifetime(void);

/* launch.c: the one clone. */
struct launch {
    const int *sources; /* in the order of the helper's descriptors, from 0 */
    unsigned count;
    int new_pid_namespace;
    int cgroup;
    int pid;   /* or -errno */
    int pidfd;
};

void launch(struct launch *launch, void *stack, size_t stack_size);

/* spawner.c: the thread that does it. */
int spawner_launch(struct launch *launch);

#endif
