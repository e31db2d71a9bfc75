/* System calls that neither Python nor older C libraries have. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "../system_call.h"
#include "extension.h"

enum { P_PIDFD_ = 3, EXIT_INFORMATION = 8 /* PIDFD_INFO_EXIT */ };

struct pidfd_information { /* `struct pidfd_info` of its first size, Linux 6.13 */
    uint64_t mask;
    uint64_t cgroup;
    uint32_t ids[11];
    int32_t exit_code;
};

#define PIDFD_GET_INFORMATION _IOWR(0xFF, 11, struct pidfd_information)

/* What the kernel remembers (since 6.15) of a process that somebody else reaped. */
static int ask_pidfd(int pidfd, int *status)
{
    struct pidfd_information information = {.mask = EXIT_INFORMATION};
    if (ioctl(pidfd, PIDFD_GET_INFORMATION, &information) < 0 || !(information.mask & EXIT_INFORMATION))
        return -ECHILD;
    *status = information.exit_code;
    return 1;
}

static int to_status(const siginfo_t *ended)
{
    int core = ended->si_code == CLD_DUMPED ? 0x80 : 0;
    return ended->si_code == CLD_EXITED ? (ended->si_status & 0xff) << 8 : ended->si_status | core;
}

int reap_now(int pidfd, int *status)
{
    siginfo_t ended;
    memset(&ended, 0, sizeof ended);
    int error = waitid((idtype_t)P_PIDFD_, (id_t)pidfd, &ended, WEXITED | WNOHANG | __WALL) < 0 ? errno : 0;
    if (error == ECHILD)
        return ask_pidfd(pidfd, status);
    if (error || ended.si_pid == 0)
        return -error;
    *status = to_status(&ended);
    return 1;
}

int create_memfd(const char *name, unsigned flags)
{
    long fd = CALL(memfd_create, name, flags | 1 /* MFD_CLOEXEC */);
    errno = fd < 0 ? (int)-fd : errno;
    return fd < 0 ? -1 : (int)fd;
}

int cloche_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    uint64_t how[3] = {flags, mode, resolve}; /* `struct open_how` */
    long fd = -EAGAIN;
    for (int tries = 0; tries < 64 && fd == -EAGAIN; tries++) /* something was renamed meanwhile */
        fd = CALL(openat2, directory, path, how, sizeof how);
    return (int)fd;
}

int cloche_detach(const char *path)
{
    return (int)CALL(umount2, path, MNT_DETACH | UMOUNT_NOFOLLOW);
}

int cloche_syncfs(int file)
{
    return (int)CALL(syncfs, file);
}

/* The flags are looked at first, and a filter that is nowhere is never loaded. */
int cloche_seccomp_has_flags(unsigned flags)
{
    return CALL(seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, flags, NULL) == -EFAULT;
}

int cloche_bpf_load_device(const unsigned char *instructions, size_t size)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = (uint64_t)(uintptr_t)instructions;
    attributes.insn_cnt = (uint32_t)(size / 8);
    attributes.license = (uint64_t)(uintptr_t) "Apache-2.0";
    return (int)CALL(bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
}

static int change_attachment(int command, int cgroup, int program, unsigned flags)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = flags;
    return (int)CALL(bpf, command, &attributes, sizeof attributes);
}

int cloche_bpf_attach_device(int cgroup, int program)
{
    return change_attachment(BPF_PROG_ATTACH, cgroup, program, BPF_F_ALLOW_MULTI);
}

int cloche_bpf_detach_device(int cgroup, int program)
{
    return change_attachment(BPF_PROG_DETACH, cgroup, program, 0);
}
