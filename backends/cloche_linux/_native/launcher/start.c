/* `start`: a word to the helper that waits, and its answer, as `cloche_linux/gate.py` and `child.py` have it. */
#include "container.h"

#include "../protocol.h"

enum { MSG_PEEK_ = 2, MSG_NOSIGNAL_ = 0x4000 };

/* Python reads the answer again, from the descriptors that are named to it, and finds the words for it. */
__attribute__((noreturn)) static void let_explain(const struct container *container)
{
    struct path variable;
    path_start(&variable, "CLOCHE_OCI_ANSWERED=");
    path_add_number(&variable, (uint64_t)container->gate);
    path_add(&variable, ",");
    path_add_number(&variable, (uint64_t)container->pidfd);
    CALL(fcntl, container->gate, F_SETFD, 0);
    CALL(fcntl, container->pidfd, F_SETFD, 0);
    hand_over_with(variable.text);
}

static void say_start(int gate)
{
    struct message message;
    memset(&message, 0, sizeof message);
    message.kind = MESSAGE_START;
    long error = CALL(sendto, gate, &message, sizeof message, MSG_NOSIGNAL_, NULL, 0);
    if (error < 0 && error != -EPIPE) /* then it ended, and its last packet says why */
        hand_over();
}

/* Looks at the next packet without taking it: 1 for one that is only to be passed over, 0 for the end, which says that
 * all is well, too. */
static int look(const struct container *container, int flags)
{
    struct message message;
    long size;
    do
        size = CALL(recvfrom, container->gate, &message, sizeof message, flags, NULL, NULL);
    while (size == -EINTR);
    if (size == 0 || (size == sizeof message && message.kind == MESSAGE_STARTED))
        return 0;
    if (size == sizeof message && message.kind == MESSAGE_READY)
        return 1;
    let_explain(container);
}

/* What a packet brings is closed by the kernel, for there is no room for it. */
static void expect_started(const struct container *container)
{
    while (look(container, MSG_PEEK_))
        look(container, 0);
}

void do_start(const struct line *line)
{
    static struct container container;
    if (line->count != 1 || !find_container(line, &container))
        hand_over();
    const struct record *record = &container.record;
    if (record->supervised || record->has_hooks || record->has_subject)
        hand_over();
    lock_container(&container);
    find_status(&container);
    if (container.status != CREATED)
        hand_over();
    say_start(container.gate);
    expect_started(&container);
    CALL(unlinkat, container.directory, "start", 0);
    end(0);
}
