/* The helper: carries out a plan and reports the first thing that goes wrong. */
#ifndef CLOCHE_HELPER_H
#define CLOCHE_HELPER_H

#include "../plan.h"
#include "../protocol.h"
#include "../steps.h"
#include "kernel.h"
#include "text.h"

struct helper {
    struct plan plan;
    uint32_t at;         /* the step being taken */
    uint32_t extras;     /* how many descriptors there are from FD_EXTRAS on */
    int control;         /* FD_CONTROL, until it has to make room */
    int lifetime;        /* FD_LIFETIME, likewise */
    int root;            /* the root to be, later the root; -1 until known */
    int parent;          /* where the last file was made, see `open_parent` */
    uint32_t parent_at;
    const char *parent_path;
    size_t parent_length;
    int scratch;         /* the private tmpfs, or -1 */
    unsigned overlays;   /* how many have directories on it */
    int sysctls;         /* /proc/sys of a procfs of our own, or -1 */
    int empty_directory; /* what masks directories, or -1 */
    int null_device;     /* what masks files, or -1 */
    int master;          /* of the terminal, until it is sent, or -1 */
    int slave;           /* of the terminal, until the console is made, or -1 */
    unsigned umask;      /* of the workload */
    int is_astray;       /* its working directory is to be entered by its user */
    int has_joined_user; /* a user namespace of another, with maps and rules of its own */
    int has_init;        /* failures of the workload reach init through `failure` */
    int failure;         /* -errno of the workload's first failure */
    uint32_t failed_at;
    const char *path;    /* overrides the record's path in a report */
    char detail[240];    /* the kernel's own words, if it had any */
};

/* Every step: 0, or -errno. `step_init` in init, `step_idle` and `step_execute` do not return on success. */
#define STEP(number, name, fields, function) int step_##function(struct helper *h, const struct record *r);
STEPS(STEP)
#undef STEP

/* start.c */
void helper_run(struct helper *h, uint32_t from) __attribute__((noreturn));
void helper_fail(struct helper *h, int error) __attribute__((noreturn));

/* control.c */
int control_send(struct helper *h, uint32_t kind, int number, int fd);
int control_send_message(struct helper *h, const struct message *message, int fd);
int control_expect(struct helper *h, uint32_t kind);

/* path.c: everything below the root to be */
int root_directory(struct helper *h);
int open_target(struct helper *h, const char *path, uint64_t flags);
int make_directory(struct helper *h, const char *path, int mode);
int make_file(struct helper *h, const char *path);
int open_parent(struct helper *h, const char *path, const char **leaf);

/* filesystem.c: file systems that are being made */
int filesystem_set(struct helper *h, int fs, const char *key, const char *value);
int filesystem_options(struct helper *h, int fs, struct span options);
int filesystem_mount(struct helper *h, int fs, uint64_t attributes);
int filesystem_reconfigure(struct helper *h, int mount, struct span options);
int attach(int mount, int target);
int change_attributes(int mount, int recursive, uint64_t set, uint64_t clear, uint64_t propagation, int idmap);

/* copy.c */
int copy_directory(int from, int to);

/* hide.c */
int cover_directory(struct helper *h, int target);

/* overlay.c */
int overlay_mount(struct helper *h, const struct record *r);
int overlay_of(struct helper *h, const struct record *r, const int *layers, unsigned count);

/* namespaces.c */
int watch_parent(struct helper *h, int signal);
int announce(struct helper *h, int pid, int pidfd, uint32_t flags);
int was_announced(const int *pipe);

/* keeper.c: what the keeper is told, by whoever has the other end of its socket */
int keeper_tell(struct helper *h, int number);

/* execute.c: the lists of a record's source and data, as execve takes them */
int arguments_of(const struct plan *plan, const struct record *r, const char ***arguments, const char ***environment);
int program_is_there(const struct helper *h, const struct record *r);

/* listener.c: a filter that asks; the arguments of seccomp(2) */
int seccomp_with_listener(struct helper *h, uint64_t flags, const void *program);

/* init.c */
void init_live(struct helper *h, int workload) __attribute__((noreturn));

#endif
