/* Where a container waits for its start, as `cloche_linux/gate.py` has it. */
#include "container.h"

enum { AF_UNIX_ = 1, SOCK_SEQPACKET_ = 5, SOCK_CLOEXEC_ = O_CLOEXEC };

struct address { /* `struct sockaddr_un` */
    uint16_t family;
    char path[108];
};

/* By the directory's descriptor: names of sockets are 107 bytes at most. */
static void name_gate(int directory, struct address *address)
{
    struct path path;
    path_start(&path, "/proc/self/fd/");
    path_add_number(&path, (uint64_t)directory);
    path_add(&path, "/start");
    memset(address, 0, sizeof *address);
    address->family = AF_UNIX_;
    memcpy(address->path, path.text, path.length);
}

int knock(int directory)
{
    struct address address;
    name_gate(directory, &address);
    int fd = (int)CALL(socket, AF_UNIX_, SOCK_SEQPACKET_ | SOCK_CLOEXEC_, 0);
    if (fd < 0)
        hand_over();
    long error = CALL(connect, fd, &address, sizeof address);
    if (error == 0)
        return fd;
    if (error != -ENOENT && error != -ECONNREFUSED)
        hand_over();
    CALL(close, fd);
    return -1;
}
