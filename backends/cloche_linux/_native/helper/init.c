/* The tiny init: starts the workload, hands signals on, reaps, and says how the workload ended. */
#include "../clone.h"
#include "helper.h"

enum { STACK = 32 << 10, EVERY_SIGNAL = -1 };

static char workload_stack[STACK] __attribute__((aligned(16)));

/* Runs in init's memory, which nobody else can see, until it executes; init waits. */
static void workload(void *argument)
{
    struct helper *h = argument;
    CALL(setsid);
    helper_run(h, h->at + 1);
}

/* Nothing of the caller's stays open in init: readers of the workload's output wait for its end only. */
static int let_go(struct helper *h)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    sys_prctl(PR_SET_DUMPABLE, 0, 0); /* a change of ids in the workload may have set it, and it is the memory's */
    CALL(close_range, 0, 2, 0);
    sys_close(FD_PLAN);
    CALL(close_range, FD_IMAGE, ~0u, 0);
    h->root = h->scratch = h->sysctls = -1;
    memset(sets, 0, sizeof sets);
    int error = (int)CALL(capget, &header, sets);
    for (int half = 0; half < 2; half++) {
        uint32_t keep = half == 0 ? 1u << CAP_KILL : 0;
        sets[half].permitted &= keep;
        sets[half].effective = sets[half].permitted;
        sets[half].inheritable = 0;
    }
    return error ? error : (int)CALL(capset, &header, sets);
}

int step_init(struct helper *h, const struct record *r)
{
    (void)r;
    struct clone_request request = {
        .exit_signal = SIGNAL_CHILD,
        .stack = (uint64_t)(uintptr_t)workload_stack,
        .stack_size = sizeof workload_stack,
    };
    h->has_init = 1;
    long pid = clone_and_wait(&request, workload, h);
    h->has_init = 0;
    h->control = FD_CONTROL; /* the workload moved its own and wrote that down in our memory */
    h->lifetime = h->plan.header->flags & DETACHED ? -1 : FD_LIFETIME;
    if (pid < 0)
        return (int)pid;
    if (h->failure) {
        h->at = h->failed_at;
        helper_fail(h, h->failure);
    }
    init_live(h, (int)pid);
}

int step_idle(struct helper *h, const struct record *r)
{
    (void)r;
    init_live(h, 0);
}

static void end(struct helper *h, int status)
{
    control_send(h, MESSAGE_EXITED, status, -1);
    keeper_tell(h, status);
    int signal = status & 0x7f;
    sys_exit(signal ? 128 + signal : status >> 8 & 0xff);
}

/* Orphans are reaped in passing; when the workload has ended, init ends and the kernel kills the rest. */
static void reap(struct helper *h, int workload)
{
    int status = 0;
    for (;;) {
        long pid = CALL(wait4, -1, &status, WAIT_NO_HANG, 0);
        if (pid <= 0)
            return;
        if (pid == workload)
            end(h, status);
    }
}

/* Without a workload to decide, init does what an ordinary process does on the signals that ask to end. */
static void hand_on(struct helper *h, int workload, int signal)
{
    int ends = signal == SIGNAL_HANGUP || signal == SIGNAL_INTERRUPT || signal == SIGNAL_QUIT
               || signal == SIGNAL_TERMINATE;
    if (signal == SIGNAL_CHILD)
        reap(h, workload);
    else if (workload)
        CALL(kill, workload, signal);
    else if (ends)
        end(h, signal);
}

/* Every signal is blocked since before this process was made, so none was lost: all come out of one descriptor. */
void init_live(struct helper *h, int workload)
{
    uint64_t every = (uint64_t)EVERY_SIGNAL;
    uint32_t signal[32]; /* `struct signalfd_siginfo` begins with the number; 128 bytes */
    control_send(h, MESSAGE_STARTED, 0, -1);
    int error = let_go(h);
    int signals = (int)CALL(signalfd4, -1, &every, sizeof every, O_CLOEXEC);
    struct pollfd watched[2] = {{signals, POLLIN, 0}, {h->lifetime, POLLIN, 0}};
    if (error || signals < 0)
        helper_fail(h, error ? error : signals);
    for (;;) {
        if (CALL(ppoll, watched, 2, 0, 0, 0) < 0)
            continue;
        if (watched[1].revents)
            sys_exit(128 + SIGNAL_KILL); /* the embedding process is gone */
        if (watched[0].revents && sys_read(signals, signal, sizeof signal) == sizeof signal)
            hand_on(h, workload, (int)signal[0]);
    }
}
