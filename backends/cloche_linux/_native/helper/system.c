/* Steps that set what a namespace has besides files. */
#include "helper.h"

int step_hostname(struct helper *h, const struct record *r)
{
    return (int)CALL(sethostname, text_of(&h->plan, r->path), r->path.length);
}

int step_domainname(struct helper *h, const struct record *r)
{
    return (int)CALL(setdomainname, text_of(&h->plan, r->path), r->path.length);
}

struct interface_request { /* `struct ifreq` with its flags */
    char name[16];
    short flags;
    char rest[22];
};

enum { AF_INET_ = 2, SOCK_DGRAM_ = 2, SIOCGIFFLAGS_ = 0x8913, SIOCSIFFLAGS_ = 0x8914, IFF_UP_ = 1 };

int step_loopback(struct helper *h, const struct record *r)
{
    (void)h, (void)r;
    struct interface_request request = {.name = "lo"};
    int fd = (int)CALL(socket, AF_INET_, SOCK_DGRAM_ | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    int error = (int)CALL(ioctl, fd, SIOCGIFFLAGS_, &request);
    request.flags |= IFF_UP_;
    if (!error)
        error = (int)CALL(ioctl, fd, SIOCSIFFLAGS_, &request);
    sys_close(fd);
    return error;
}

/* The /proc/sys of a procfs that is attached nowhere: no image can have put anything else in its place. */
static int open_sysctls(struct helper *h)
{
    if (h->sysctls >= 0)
        return h->sysctls;
    int fs = sys_fsopen("proc");
    int procfs = fs < 0 ? fs : filesystem_mount(h, fs, 0);
    if (procfs < 0)
        return procfs;
    h->sysctls = sys_open(procfs, "sys", O_PATH | O_DIRECTORY, 0);
    sys_close(procfs);
    return h->sysctls;
}

int step_sysctl(struct helper *h, const struct record *r)
{
    int sysctls = open_sysctls(h);
    if (sysctls < 0)
        return sysctls;
    int fd = sys_openat2(sysctls, text_of(&h->plan, r->path), O_WRONLY,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
    if (fd < 0)
        return fd;
    long written = sys_write(fd, text_of(&h->plan, r->data), r->data.length);
    sys_close(fd);
    return written < 0 ? (int)written : 0;
}
