/* Steps that make a terminal of the container's own. */
#include "helper.h"

enum {
    TIOCSCTTY_ = 0x540E,
    TIOCSWINSZ_ = 0x5414,
    TIOCSPTLCK_ = 0x40045431,
    TIOCGPTPEER_ = 0x5441,
    DEVPTS_MAGIC = 0x1cd1,
    PTMX_MAJOR = 5,
    PTMX_MINOR = 2,
};

/* The container may have put anything in this place, so what was opened is verified before it is believed. */
static int open_master(struct helper *h)
{
    struct statx file;
    uint64_t filesystem[16] = {0}; /* `struct statfs` begins with its type; 120 bytes in all */
    int root = root_directory(h);
    int fd = root < 0 ? root
                      : sys_openat2(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK,
                                    RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    if (fd < 0)
        return fd;
    int error = (int)CALL(fstatfs, fd, filesystem);
    if (!error)
        error = sys_statx(fd, STATX_TYPE, &file);
    if (!error && filesystem[0] == DEVPTS_MAGIC && file.stx_rdev_major == PTMX_MAJOR
        && file.stx_rdev_minor == PTMX_MINOR)
        return fd;
    sys_close(fd);
    return error ? error : -ENODEV;
}

/* The peer by descriptor (Linux 4.13): /dev/pts/N by name may be another by now. */
static int open_slave(int master)
{
    int unlocked = 0;
    int error = (int)CALL(ioctl, master, TIOCSPTLCK_, &unlocked);
    return error ? error : (int)CALL(ioctl, master, TIOCGPTPEER_, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

int step_terminal(struct helper *h, const struct record *r)
{
    uint16_t size[4] = {(uint16_t)r->first, (uint16_t)r->second, 0, 0}; /* `struct winsize` */
    h->path = "/dev/pts/ptmx";
    h->master = open_master(h);
    h->slave = h->master < 0 ? h->master : open_slave(h->master);
    if (h->slave < 0)
        return h->slave;
    int error = (int)CALL(ioctl, h->master, TIOCSWINSZ_, size);
    if (!error)
        error = (int)CALL(fcntl, h->master, F_SETFL, O_RDWR);
    if (!error && r->number)
        error = (int)CALL(fchown, h->slave, r->number, -1);
    for (int fd = 0; fd <= 2 && !error; fd++) {
        long placed = CALL(dup3, h->slave, fd, 0);
        error = placed < 0 ? (int)placed : 0;
    }
    return error;
}

int step_console(struct helper *h, const struct record *r)
{
    int mount = sys_clone_tree(h->slave, 0);
    if (mount < 0)
        return mount;
    return attach(mount, make_file(h, text_of(&h->plan, r->path)));
}

int step_ready(struct helper *h, const struct record *r)
{
    int error = control_send(h, MESSAGE_READY, 0, h->master);
    if (h->master >= 0)
        sys_close(h->master);
    if (h->slave >= 0)
        sys_close(h->slave);
    h->master = h->slave = -1;
    if (error || !(r->flags & WAIT))
        return error;
    return control_expect(h, MESSAGE_START);
}

int step_controlling_terminal(struct helper *h, const struct record *r)
{
    (void)h, (void)r;
    return (int)CALL(ioctl, 0, TIOCSCTTY_, 0);
}
