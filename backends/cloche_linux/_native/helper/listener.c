/* A filter that asks a listener, and how the listener gets away from here.
 *
 * From the moment the filter holds, any call of this thread may be refused, or wait for an answer that nobody can
 * give before the listener is with somebody: those that would send it, too. So a second thread, which the filter
 * does not hold, sends it and takes the word that it was delivered; until then this one goes no further. */
#include "../clone.h"
#include "helper.h"

enum {
    STACK = 16 << 10,
    NEW_LISTENER = 1 << 3,       /* SECCOMP_FILTER_FLAG_NEW_LISTENER */
    FUTEX_WAIT_PRIVATE_ = 128,   /* FUTEX_WAIT | FUTEX_PRIVATE_FLAG */
    FUTEX_WAKE_PRIVATE_ = 129,
    A_MOMENT = 20000,            /* nanoseconds */
};

struct delivery {
    struct helper *h;
    int listener;  /* 0 until there is one: 0, 1 and 2 are the workload's */
    int delivered;
};

static char courier_stack[STACK] __attribute__((aligned(16)));

static int value_of(const int *shared)
{
    return __atomic_load_n(shared, __ATOMIC_ACQUIRE);
}

/* Looks again and again, for a moment: to be woken would take a call of the thread that can make none. */
static int await_listener(const struct delivery *delivery)
{
    const long moment[2] = {0, A_MOMENT}; /* `struct timespec` */
    while (!value_of(&delivery->listener))
        CALL(nanosleep, moment, 0);
    return delivery->listener;
}

static void deliver(void *argument)
{
    struct delivery *delivery = argument;
    struct helper *h = delivery->h;
    int listener = await_listener(delivery);
    int error = control_send(h, MESSAGE_LISTENER, h->has_init, listener);
    if (!error)
        error = control_expect(h, MESSAGE_LISTENED);
    if (error)
        helper_fail(h, error);
    sys_close(listener);
    __atomic_store_n(&delivery->delivered, 1, __ATOMIC_RELEASE);
    CALL(futex, &delivery->delivered, FUTEX_WAKE_PRIVATE_, 1, 0, 0, 0);
    for (;;)
        CALL(exit, 0);
}

/* The filter may answer this call itself, or its listener: then it is made again. */
static void await_delivery(const struct delivery *delivery)
{
    while (!value_of(&delivery->delivered))
        CALL(futex, &delivery->delivered, FUTEX_WAIT_PRIVATE_, 0, 0, 0, 0);
}

int seccomp_with_listener(struct helper *h, uint64_t flags, const void *program)
{
    static struct delivery delivery;
    struct clone_request request = {
        .flags = CLONE_SHARE_FILES | CLONE_SHARE_HANDLERS | CLONE_THREAD_,
        .stack = (uint64_t)(uintptr_t)courier_stack,
        .stack_size = sizeof courier_stack,
    };
    delivery.h = h;
    long courier = clone_on_stack(&request, deliver, &delivery);
    if (courier < 0)
        return (int)courier;
    long listener = CALL(seccomp, SECCOMP_SET_FILTER, flags | NEW_LISTENER, program);
    if (listener < 0)
        return (int)listener; /* which ends the process, and so the courier */
    __atomic_store_n(&delivery.listener, (int)listener, __ATOMIC_RELEASE);
    await_delivery(&delivery);
    return 0;
}
