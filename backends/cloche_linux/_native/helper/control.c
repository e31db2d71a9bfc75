/* The control socket, seen from the helper. */
#include "helper.h"

struct iovec {
    void *base;
    size_t size;
};

struct message_header {
    void *name;
    int name_size;
    struct iovec *vector;
    size_t vectors;
    void *control;
    size_t control_size;
    int flags;
};

struct descriptor_control { /* `struct cmsghdr` with one descriptor */
    size_t size;
    int level;
    int type;
    int fd;
};

enum { SOL_SOCKET_ = 1, SCM_RIGHTS_ = 1, MSG_NOSIGNAL_ = 0x4000 };

int control_send_message(struct helper *h, const struct message *message, int fd)
{
    struct iovec vector = {(void *)message, sizeof *message};
    struct descriptor_control control = {offsetof(struct descriptor_control, fd) + sizeof fd, SOL_SOCKET_,
                                         SCM_RIGHTS_, fd};
    struct message_header header = {.vector = &vector, .vectors = 1};
    if (fd >= 0) {
        header.control = &control;
        header.control_size = sizeof control;
    }
    long sent = CALL(sendmsg, h->control, &header, MSG_NOSIGNAL_);
    return sent < 0 ? (int)sent : 0;
}

int control_send(struct helper *h, uint32_t kind, int number, int fd)
{
    struct message message;
    memset(&message, 0, sizeof message);
    message.kind = kind;
    message.number = number;
    return control_send_message(h, &message, fd);
}

/* Waits for the parent's word. A parent that is gone, or gave up, ends the helper without a report: there is
 * nobody to read it. */
int control_expect(struct helper *h, uint32_t kind)
{
    struct message message;
    long size = sys_read(h->control, &message, sizeof message);
    if (size <= 0)
        sys_exit(1);
    return size == sizeof message && message.kind == kind ? 0 : -EPROTO;
}
