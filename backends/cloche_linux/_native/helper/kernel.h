/* The system calls and constants the helper uses, typed. Only what the kernel's stable headers of 4.18 do not
 * have is declared here, so that it builds against old ones. */
#ifndef CLOCHE_KERNEL_H
#define CLOCHE_KERNEL_H

#include <asm/errno.h>
#include <asm/stat.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/stat.h>
#include <stddef.h>

#include "../system_call.h"

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

#ifndef STATX_MNT_ID /* since 5.8, in what was spare before */
#define STATX_MNT_ID 0x1000
#define stx_mnt_id __spare2[0]
#endif

#ifndef RESOLVE_IN_ROOT
#define RESOLVE_NO_XDEV 0x01
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_NO_SYMLINKS 0x04
#define RESOLVE_BENEATH 0x08
#define RESOLVE_IN_ROOT 0x10
#endif

enum {
    FSOPEN_CLOEXEC = 1,
    FSMOUNT_CLOEXEC = 1,
    FSCONFIG_SET_FLAG = 0,
    FSCONFIG_SET_STRING = 1,
    FSCONFIG_SET_FD = 5,
    FSCONFIG_CMD_CREATE = 6,
    FSCONFIG_CMD_RECONFIGURE = 7,
    FSPICK_CLOEXEC = 1,
    FSPICK_EMPTY_PATH = 8,
    OPEN_TREE_CLONE = 1,
    OPEN_TREE_CLOEXEC = O_CLOEXEC,
    MOVE_MOUNT_F_EMPTY_PATH = 0x04,
    MOVE_MOUNT_T_EMPTY_PATH = 0x40,
    MOUNT_ATTR_RDONLY = 0x01,
    MOUNT_ATTR_NOSUID = 0x02,
    MOUNT_ATTR_NODEV = 0x04,
    MOUNT_ATTR_NOEXEC = 0x08,
    MOUNT_ATTR__ATIME = 0x70,
    MOUNT_ATTR_IDMAP = 0x100000,
    MNT_DETACH = 2,
};

enum {
    NAMESPACE_USER = 0x10000000,
    NAMESPACE_MOUNT = 0x00020000,
    SIGNAL_HANGUP = 1,
    SIGNAL_INTERRUPT = 2,
    SIGNAL_QUIT = 3,
    SIGNAL_KILL = 9,
    SIGNAL_TERMINATE = 15,
    SIGNALS = 64,
    WAIT_NO_HANG = 1,
    SECCOMP_SET_FILTER = 1, /* SECCOMP_SET_MODE_FILTER */
};

struct open_request { /* `struct open_how` */
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

struct mount_attributes {
    uint64_t set;
    uint64_t clear;
    uint64_t propagation;
    uint64_t user_namespace;
};

struct pollfd {
    int fd;
    short events;
    short revents;
};

enum { POLLIN = 1, POLLHUP = 0x10 };

__attribute__((noreturn)) static inline void sys_exit(int code)
{
    for (;;)
        CALL(exit_group, code);
}

static inline int sys_close(int fd)
{
    return (int)CALL(close, fd);
}

static inline long sys_write(int fd, const void *bytes, size_t size)
{
    return CALL(write, fd, bytes, size);
}

static inline long sys_read(int fd, void *bytes, size_t size)
{
    return CALL(read, fd, bytes, size);
}

static inline int sys_open(int dir, const char *path, int flags, int mode)
{
    return (int)CALL(openat, dir, path, flags | O_CLOEXEC, mode);
}

/* Retries: a resolution that is confined says EAGAIN when anything at all was renamed meanwhile. */
static inline int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
    struct open_request how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
    long fd = -EAGAIN;
    for (int tries = 0; tries < 64 && fd == -EAGAIN; tries++)
        fd = CALL(openat2, dir, path, &how, sizeof how);
    return (int)fd;
}

static inline int sys_statx(int fd, unsigned mask, struct statx *found)
{
    return (int)CALL(statx, fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, mask, found);
}

static inline int sys_fsopen(const char *type)
{
    return (int)CALL(fsopen, type, FSOPEN_CLOEXEC);
}

static inline int sys_fsconfig(int fs, unsigned command, const char *key, const void *value, int number)
{
    return (int)CALL(fsconfig, fs, command, key, value, number);
}

static inline int sys_fspick(int mount)
{
    return (int)CALL(fspick, mount, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
}

static inline int sys_fsmount(int fs, uint64_t attributes)
{
    return (int)CALL(fsmount, fs, FSMOUNT_CLOEXEC, attributes);
}

/* A detached copy of the mount that the descriptor is in, from there down. */
static inline int sys_clone_tree(int fd, int recursive)
{
    return (int)CALL(open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH
                                            | (recursive ? AT_RECURSIVE : 0));
}

static inline int sys_move_mount(int mount, int target)
{
    return (int)CALL(move_mount, mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int sys_mount_setattr(int fd, int recursive, const struct mount_attributes *attributes)
{
    return (int)CALL(mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attributes,
                     sizeof *attributes);
}

static inline int sys_prctl(int option, unsigned long a, unsigned long b)
{
    return (int)CALL(prctl, option, a, b, 0, 0);
}

static inline int sys_set_signal_mask(uint64_t mask)
{
    return (int)CALL(rt_sigprocmask, 2 /* SIG_SETMASK */, &mask, 0, sizeof mask);
}

#endif
