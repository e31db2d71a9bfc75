/* Steps that look and end: the ways into a container's files, and into its network. */
#include "helper.h"

int step_send_root(struct helper *h, const struct record *r)
{
    (void)r;
    int root = sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    if (root < 0)
        return root;
    int error = control_send(h, MESSAGE_ROOT, 0, root);
    if (error)
        return error;
    sys_exit(0);
}

enum { AF_NETLINK_ = 16, SOCK_RAW_ = 3, NETLINK_ROUTE_ = 0 };

/* A socket belongs to the namespace that it was made in, whoever has it. */
int step_send_netlink(struct helper *h, const struct record *r)
{
    (void)r;
    int netlink = (int)CALL(socket, AF_NETLINK_, SOCK_RAW_ | O_CLOEXEC, NETLINK_ROUTE_);
    if (netlink < 0)
        return netlink;
    int error = control_send(h, MESSAGE_NETLINK, 0, netlink);
    if (error)
        return error;
    sys_exit(0);
}
