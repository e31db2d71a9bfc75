/* Batons where there are POSIX semaphores. */
#ifndef _WIN32
#define _GNU_SOURCE /* sem_clockwait */
#include "binding.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

struct cloche_baton {
    sem_t passed;
    _Atomic uint64_t times;
};

cloche_baton *cloche_new_baton(void)
{
    cloche_baton *baton = calloc(1, sizeof *baton);
    if (baton)
        sem_init(&baton->passed, 0, 0);
    return baton;
}

void cloche_drop_baton(cloche_baton *baton)
{
    sem_destroy(&baton->passed);
    free(baton);
}

void cloche_pass(cloche_baton *baton)
{
    atomic_fetch_add(&baton->times, 1);
    sem_post(&baton->passed);
}

/* Each passing left a token; those of turns that were not waited for only make it look once more. */
int cloche_take(cloche_baton *baton, uint64_t times, int milliseconds)
{
    struct timespec deadline = deadline_after(milliseconds);
    int late = 0;
    while (atomic_load(&baton->times) < times && !late) {
        int failed = milliseconds < 0
                         ? sem_wait(&baton->passed)
                         : sem_clockwait(&baton->passed, CLOCK_MONOTONIC, &deadline);
        late = failed && errno == ETIMEDOUT;
    }
    return atomic_load(&baton->times) >= times;
}
#endif
