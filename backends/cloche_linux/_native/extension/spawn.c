/* A spawn as its caller sees it: plan and control socket are made, the spawner does the rest. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "extension.h"

enum { MAX_DESCRIPTORS = 256 };

static int write_plan(const struct cloche_request *request)
{
    int fd = create_memfd("cloche-plan", 0);
    if (fd < 0)
        return -errno;
    size_t written = 0;
    while (written < request->plan_size) {
        ssize_t size = write(fd, request->plan + written, request->plan_size - written);
        if (size < 0) {
            int error = -errno;
            close(fd);
            return error;
        }
        written += (size_t)size;
    }
    return fd;
}

static int launch_with(const struct cloche_request *request, int control, int plan, struct cloche_child *child)
{
    struct holdings holdings;
    int sources[MAX_DESCRIPTORS];
    int error = holdings_get(&holdings);
    if (error)
        return error;
    for (int i = 0; i < 3; i++)
        sources[i] = request->descriptors[i] < 0 ? holdings.null_device : request->descriptors[i];
    sources[FD_CONTROL] = control;
    sources[FD_PLAN] = plan;
    sources[FD_LIFETIME] = holdings.lifetime;
    sources[FD_IMAGE] = holdings.image;
    for (unsigned i = 3; i < request->descriptor_count; i++)
        sources[FD_EXTRAS + i - 3] = request->descriptors[i];
    struct launch launch = {
        .sources = sources,
        .count = FD_EXTRAS + request->descriptor_count - 3,
        .new_pid_namespace = request->new_pid_namespace,
        .cgroup = request->cgroup,
    };
    error = spawner_launch(&launch);
    child->pid = launch.pid;
    child->pidfd = launch.pidfd;
    return error;
}

int cloche_spawn(const struct cloche_request *request, struct cloche_child *child)
{
    int ends[2];
    if (request->descriptor_count < 3 || request->descriptor_count > MAX_DESCRIPTORS - FD_EXTRAS)
        return -E2BIG;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    int plan = write_plan(request);
    int error = plan < 0 ? plan : launch_with(request, ends[1], plan, child);
    if (plan >= 0)
        close(plan);
    close(ends[1]);
    if (error)
        close(ends[0]);
    child->control = ends[0];
    return error;
}

int cloche_receive(int control, struct message *message, int *fd)
{
    char space[CMSG_SPACE(sizeof(int))];
    struct iovec vector = {message, sizeof *message};
    struct msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    *fd = -1;
    ssize_t size = recvmsg(control, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0)
        return errno == ECONNRESET ? 0 : -errno;
    struct cmsghdr *attached = CMSG_FIRSTHDR(&header);
    if (attached && attached->cmsg_level == SOL_SOCKET && attached->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(attached), sizeof *fd);
    if (size == 0)
        return 0;
    return size == sizeof *message ? 1 : -EPROTO;
}

int cloche_send(int control, uint32_t kind)
{
    struct message message = {.kind = kind};
    return send(control, &message, sizeof message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
