/* The one clone: a child in this process' memory that puts descriptors in their places and executes the helper.
 *
 * While it runs it is this program with another process' descriptors, so it calls nothing but the kernel: no
 * malloc, no locks, no errno. It is in no namespace yet that holds anybody else. */
#include "../clone.h"
#include "extension.h"

#include <asm/errno.h>
#include <linux/fcntl.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

enum { CLOSE_RANGE_UNSHARE_ = 2, P_PIDFD_ = 3, WEXITED_ = 4, WALL_ = 0x40000000, MAX_DESCRIPTORS = 256 };

struct child {
    const struct launch *launch;
    int error;
};

static unsigned highest(const struct launch *launch)
{
    unsigned top = 0;
    for (unsigned i = 0; i < launch->count; i++)
        if ((unsigned)launch->sources[i] > top)
            top = (unsigned)launch->sources[i];
    return top;
}

/* All sources are first duplicated above all targets: any of them may be any of these. */
static int place(const struct launch *launch)
{
    int high[MAX_DESCRIPTORS];
    for (unsigned i = 0; i < launch->count; i++) {
        high[i] = (int)CALL(fcntl, launch->sources[i], F_DUPFD, launch->count);
        if (high[i] < 0)
            return high[i];
    }
    for (unsigned i = 0; i < launch->count; i++) {
        long placed = CALL(dup3, high[i], i, 0);
        if (placed < 0)
            return (int)placed;
    }
    return (int)CALL(close_range, launch->count, ~0u, 0);
}

static void format(char *to, unsigned number)
{
    char digits[12];
    int length = 0;
    do
        digits[length++] = (char)('0' + number % 10);
    while (number /= 10);
    while (length)
        *to++ = digits[--length];
    *to = '\0';
}

/* The table of descriptors is shared until here, and only what lies below the highest source is copied: an
 * embedding process may have thousands. */
static void run(void *argument)
{
    struct child *child = argument;
    char extras[12];
    const char *arguments[] = {"cloche-init", extras, 0};
    const char *environment[] = {0};
    format(extras, child->launch->count - FD_EXTRAS);
    child->error = (int)CALL(close_range, highest(child->launch) + 1, ~0u, CLOSE_RANGE_UNSHARE_);
    if (!child->error)
        child->error = place(child->launch);
    if (!child->error)
        child->error = (int)CALL(execveat, FD_IMAGE, "", arguments, environment, AT_EMPTY_PATH);
    for (;;)
        CALL(exit, 1);
}

void launch(struct launch *launch, void *stack, size_t stack_size)
{
    struct child child = {launch, 0};
    int pidfd = -1;
    struct clone_request request = {
        .flags = CLONE_GIVE_PIDFD | CLONE_CLEAR_HANDLERS | CLONE_SHARE_FILES
                 | (launch->new_pid_namespace ? CLONE_PID_NAMESPACE : 0)
                 | (launch->cgroup >= 0 ? CLONE_IN_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGNAL_CHILD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = stack_size,
        .cgroup = launch->cgroup >= 0 ? (uint64_t)launch->cgroup : 0,
    };
    if (launch->count > MAX_DESCRIPTORS) {
        launch->pid = -E2BIG;
        return;
    }
    long pid = clone_and_wait(&request, run, &child);
    if (pid > 0 && child.error) {
        CALL(waitid, P_PIDFD_, pidfd, 0, WEXITED_ | WALL_, 0);
        CALL(close, pidfd);
        pid = child.error;
    }
    launch->pid = (int)pid;
    launch->pidfd = pidfd;
}
