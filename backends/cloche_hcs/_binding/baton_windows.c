/* Batons on Windows. */
#ifdef _WIN32
#include "binding.h"

#include <stdlib.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

/* All zero is how both of Windows' primitives begin; neither needs an end. */
struct cloche_baton {
    SRWLOCK lock;
    CONDITION_VARIABLE passed;
    uint64_t times;
};

cloche_baton *cloche_new_baton(void)
{
    return calloc(1, sizeof(cloche_baton));
}

void cloche_drop_baton(cloche_baton *baton)
{
    free(baton);
}

void cloche_pass(cloche_baton *baton)
{
    AcquireSRWLockExclusive(&baton->lock);
    baton->times++;
    ReleaseSRWLockExclusive(&baton->lock);
    WakeConditionVariable(&baton->passed);
}

/* Woken for nothing, it waits the whole time again: who waits takes it in short pieces. */
int cloche_take(cloche_baton *baton, uint64_t times, int milliseconds)
{
    DWORD time = milliseconds < 0 ? INFINITE : (DWORD)milliseconds;
    BOOL woken = TRUE;
    AcquireSRWLockExclusive(&baton->lock);
    while (baton->times < times && woken)
        woken = SleepConditionVariableSRW(&baton->passed, &baton->lock, time, 0);
    int passed = baton->times >= times;
    ReleaseSRWLockExclusive(&baton->lock);
    return passed;
}
#endif
