/* The keeper: the parent of a container that outlives its maker. It waits for the end of the container's first
 * process, notes how that ended where others look for it, and ends. The container ends with it: so the lock on that
 * file, which the keeper holds by its descriptor and the kernel gives back, tells who lives, whoever was killed.
 *
 * Between it and the container is a pair of sockets in the place of the lifetime pipe. The container's end tells
 * numbers: which process is the first, where a step forks, and with what status the workload of an init ended. */
#include "../clone.h"
#include "helper.h"

enum {
    AF_LOCAL = 1,
    SOCK_SEQPACKET_ = 5,
    MSG_DONT_WAIT = 0x40,
    MSG_NO_SIGNAL = 0x4000,
    WAIT_FOR_PID = 1, /* P_PID */
    WAIT_EXITED = 4,
    WAIT_LEAVING = 0x01000000, /* WNOWAIT */
};

/* `siginfo_t` of a child, as far as it is read. */
struct ending {
    int signal;
    int error;
    int code; /* CLD_* */
    int alignment;
    int pid;
    uint32_t uid;
    int status;
    int rest[25];
};

int keeper_tell(struct helper *h, int number)
{
    if (!(h->plan.header->flags & KEPT) || h->lifetime < 0)
        return 0;
    long sent = CALL(sendto, h->lifetime, &number, sizeof number, MSG_NO_SIGNAL, 0, 0);
    return sent < 0 ? (int)sent : 0;
}

static int hear(int from, int *number, int flags)
{
    return CALL(recvfrom, from, number, sizeof *number, flags, 0, 0) == sizeof *number;
}

/* As wait(2) has it. */
static int wait_status(const struct ending *ending)
{
    enum { EXITED = 1, DUMPED = 3 };
    return ending->code == EXITED ? (ending->status & 0xff) << 8 : ending->status | (ending->code == DUMPED ? 0x80 : 0);
}

/* One line, in one go; what was half written by others of ours is before it, and ends with a line, too. */
static void note(int file, int status)
{
    static const char before[] = "{\"status\":";
    char line[40];
    size_t length = text_append(line, 0, sizeof line, before, sizeof before - 1);
    length = text_append_number(line, length, sizeof line, (uint64_t)(unsigned)status);
    length = text_append(line, length, sizeof line, "}\n", 2);
    sys_write(file, line, length);
}

static int forks(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->steps; i++)
        if (plan->records[i].step == STEP_FORK)
            return 1;
    return 0;
}

/* Nothing of anybody's stays open but the note and the socket; nor is any mount kept busy. */
static void let_go(int file, int socket)
{
    int low = file < socket ? file : socket, high = file < socket ? socket : file;
    sys_prctl(PR_SET_NAME, (unsigned long)"cloche-keeper", 0);
    if (low > 0)
        CALL(close_range, 0, low - 1, 0);
    if (low + 1 < high)
        CALL(close_range, low + 1, high - 1, 0);
    CALL(close_range, high + 1, ~0u, 0);
    CALL(chdir, "/");
}

/* The status is noted before the process is reaped: who sees that it is gone finds how it ended. */
__attribute__((noreturn)) static void keep(struct helper *h, int file, int socket, int child)
{
    struct ending ending;
    int has_forked = forks(&h->plan), told;
    let_go(file, socket);
    if (has_forked) {
        int helper = child;
        int is_told = hear(socket, &child, 0); /* the end of all ends, if it came to nothing */
        CALL(waitid, WAIT_FOR_PID, helper, 0, WAIT_EXITED, 0);
        if (!is_told)
            sys_exit(1);
    }
    memset(&ending, 0, sizeof ending);
    if (CALL(waitid, WAIT_FOR_PID, child, &ending, WAIT_EXITED | WAIT_LEAVING, 0) < 0)
        sys_exit(1);
    note(file, hear(socket, &told, MSG_DONT_WAIT) ? told : wait_status(&ending));
    CALL(waitid, WAIT_FOR_PID, child, 0, WAIT_EXITED, 0);
    sys_exit(0);
}

/* The child takes the place of this process: in the group that it is born in, and in the new pid namespace. */
static long clone_kept(const struct helper *h, const struct record *r, int *pidfd)
{
    struct clone_request request = {
        .flags = CLONE_GIVE_PIDFD | (r->flags & NEW_PID_NAMESPACE ? CLONE_PID_NAMESPACE : 0),
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = SIGNAL_CHILD,
    };
    if (r->first > h->extras)
        return -EBADF;
    if (r->first) {
        request.flags |= CLONE_IN_CGROUP;
        request.cgroup = FD_EXTRAS + r->first - 1;
    }
    return CALL(clone3, &request, sizeof request);
}

static int begin(struct helper *h, int file, const int *ends, const int *pipe)
{
    if (!was_announced(pipe))
        sys_exit(1);
    int error = (int)CALL(dup3, ends[1], FD_LIFETIME, 0); /* over what told of the embedding process */
    if (error < 0)
        return error;
    sys_close(ends[0]);
    sys_close(ends[1]);
    sys_close(file);
    h->lifetime = FD_LIFETIME;
    CALL(setsid);
    if (watch_parent(h, SIGNAL_KILL) < 0)
        sys_exit(1);
    return 0;
}

int step_keep(struct helper *h, const struct record *r)
{
    int ends[2], pipe[2], pidfd = -1, file = FD_EXTRAS + r->number;
    int error = (int)CALL(socketpair, AF_LOCAL, SOCK_SEQPACKET_ | O_CLOEXEC, 0, ends);
    if (!error)
        error = (int)CALL(pipe2, pipe, O_CLOEXEC);
    long pid = error ? error : clone_kept(h, r, &pidfd);
    if (pid < 0)
        return (int)pid;
    if (pid == 0)
        return begin(h, file, ends, pipe);
    error = announce(h, (int)pid, pidfd, MESSAGE_KEPT | (r->flags & NEW_PID_NAMESPACE ? MESSAGE_NEW_PID_NAMESPACE : 0));
    if (error < 0 || sys_write(pipe[1], "", 1) != 1)
        sys_exit(1);
    sys_close(ends[1]);
    keep(h, file, ends[0], (int)pid);
}
