/* A step that tries everything the other steps need of the kernel, in a process that is thrown away.
 *
 * Trying is the only question that a sandbox around us answers truthfully: its filters and security modules do
 * not show in a version. Abilities build on those before them, as the steps of a plan do. */
#include "helper.h"

static int of_call(long result)
{
    if (result >= 0)
        sys_close((int)result);
    return result < 0 ? (int)result : 0;
}

static int openat2_in_root(struct helper *h)
{
    return of_call(open_target(h, "/", O_DIRECTORY));
}

static int close_range(struct helper *h)
{
    (void)h;
    return (int)CALL(close_range, 1000000, ~0u, 0);
}

static int pidfd_setns(struct helper *h)
{
    (void)h;
    long self = CALL(getpid);
    int pidfd = (int)CALL(pidfd_open, self, 0);
    int error = pidfd < 0 ? pidfd : (int)CALL(setns, pidfd, 0x04000000 /* CLONE_NEWUTS */);
    return pidfd < 0 ? error : (sys_close(pidfd), error);
}

static int signalfd(struct helper *h)
{
    uint64_t none = 0;
    (void)h;
    return of_call(CALL(signalfd4, -1, &none, sizeof none, O_CLOEXEC));
}

static int seccomp(struct helper *h)
{
    uint32_t refuse = 0x00050000; /* SECCOMP_RET_ERRNO */
    (void)h;
    return (int)CALL(seccomp, 2 /* SECCOMP_GET_ACTION_AVAIL */, 0, &refuse);
}

#define UNSHARE(name, flag)                                                                                            \
    static int unshare_##name(struct helper *h)                                                                        \
    {                                                                                                                  \
        (void)h;                                                                                                       \
        return (int)CALL(unshare, flag);                                                                               \
    }
UNSHARE(mount, 0x00020000)
UNSHARE(uts, 0x04000000)
UNSHARE(ipc, 0x08000000)
UNSHARE(network, 0x40000000)
UNSHARE(cgroup, 0x02000000)

static int mount_setattr_recursive(struct helper *h)
{
    struct record r = {.first = 1 << 18 /* MS_PRIVATE */};
    return step_propagation(h, &r);
}

static int fsmount_tmpfs(struct helper *h)
{
    struct record r = {.step = STEP_SCRATCH};
    return step_scratch(h, &r);
}

static int fsmount(struct helper *h, const char *type)
{
    int fs = sys_fsopen(type);
    return fs < 0 ? fs : of_call(filesystem_mount(h, fs, 0));
}

static int mount_proc(struct helper *h)
{
    return fsmount(h, "proc");
}

static int mount_sysfs(struct helper *h)
{
    return fsmount(h, "sysfs");
}

static int mount_devpts(struct helper *h)
{
    return fsmount(h, "devpts");
}

static int mount_mqueue(struct helper *h)
{
    return fsmount(h, "mqueue");
}

static int open_tree_clone(struct helper *h)
{
    return h->scratch < 0 ? -ENOENT : of_call(sys_clone_tree(h->scratch, 1));
}

/* Of two directories of the private tmpfs, on top of which it becomes the root that is pivoted to. */
static int mount_overlay(struct helper *h)
{
    int error = h->scratch < 0 ? -ENOENT : (int)CALL(mkdirat, h->scratch, "lower", 0755);
    int lower = error ? -1 : sys_open(h->scratch, "lower", O_PATH | O_DIRECTORY, 0);
    struct record r = {.flags = USE_SCRATCH};
    int mount = error ? error : overlay_of(h, &r, &lower, 1);
    if (mount < 0)
        return mount;
    h->root = mount;
    return of_call(sys_move_mount(mount, sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0)));
}

static int pivot_root(struct helper *h)
{
    struct record r = {.step = STEP_PIVOT};
    return step_pivot(h, &r);
}

#define ABILITIES(ABILITY)                                                                                             \
    ABILITY(openat2_in_root)                                                                                           \
    ABILITY(close_range)                                                                                               \
    ABILITY(signalfd)                                                                                                  \
    ABILITY(seccomp)                                                                                                   \
    ABILITY(unshare_mount)                                                                                             \
    ABILITY(unshare_uts)                                                                                               \
    ABILITY(unshare_ipc)                                                                                               \
    ABILITY(unshare_network)                                                                                           \
    ABILITY(unshare_cgroup)                                                                                            \
    ABILITY(pidfd_setns)                                                                                               \
    ABILITY(mount_setattr_recursive)                                                                                   \
    ABILITY(fsmount_tmpfs)                                                                                             \
    ABILITY(open_tree_clone)                                                                                           \
    ABILITY(mount_proc)                                                                                                \
    ABILITY(mount_sysfs)                                                                                               \
    ABILITY(mount_devpts)                                                                                              \
    ABILITY(mount_mqueue)                                                                                              \
    ABILITY(mount_overlay)                                                                                             \
    ABILITY(pivot_root)

static const struct {
    const char *name;
    int (*attempt)(struct helper *h);
} abilities[] = {
#define ABILITY(name) {#name, name},
    ABILITIES(ABILITY)
#undef ABILITY
};

int step_probe(struct helper *h, const struct record *r)
{
    (void)r;
    for (size_t i = 0; i < sizeof abilities / sizeof *abilities; i++) {
        struct message message;
        memset(&message, 0, sizeof message);
        message.kind = MESSAGE_PROBED;
        message.error = -abilities[i].attempt(h);
        memcpy(message.path, abilities[i].name, text_length(abilities[i].name));
        memcpy(message.detail, h->detail, sizeof message.detail);
        memset(h->detail, 0, sizeof h->detail);
        int error = control_send_message(h, &message, -1);
        if (error)
            return error;
    }
    sys_exit(0);
}
