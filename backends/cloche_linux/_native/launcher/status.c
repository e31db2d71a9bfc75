/* What a container is doing, as `cloche_linux/container.py` has it. */
#include "container.h"

enum { READABLE = 1 /* POLLIN */ };

struct poll_entry { /* `struct pollfd` */
    int fd;
    short wanted;
    short found;
};

struct moment { /* `struct timespec` */
    long seconds;
    long nanoseconds;
};

int has_ended(int pidfd, int milliseconds)
{
    struct poll_entry entry = {pidfd, READABLE, 0};
    struct moment patience = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    long ready;
    do /* the kernel leaves in `patience` what is left of it */
        ready = CALL(ppoll, &entry, 1, &patience, NULL, 0);
    while (ready == -EINTR);
    if (ready < 0)
        hand_over();
    return ready > 0;
}

void find_status(struct container *container)
{
    container->gate = -1;
    read_group(container->directory, &container->group);
    container->pidfd = open_process(&container->record);
    container->status = STOPPED;
    if (container->pidfd < 0 || has_ended(container->pidfd, 0))
        return;
    container->gate = knock(container->directory);
    if (container->gate >= 0)
        container->status = CREATED;
    else
        container->status = is_frozen(&container->group) ? PAUSED : RUNNING;
}
