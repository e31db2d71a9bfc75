/* Times for POSIX' waits. */
#ifndef _WIN32
#include "binding.h"

struct timespec deadline_after(int milliseconds)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (milliseconds < 0)
        return now;
    long nanoseconds = now.tv_nsec + milliseconds % 1000 * 1000000L;
    return (struct timespec){
        .tv_sec = now.tv_sec + milliseconds / 1000 + nanoseconds / 1000000000L,
        .tv_nsec = nanoseconds % 1000000000L,
    };
}
#endif
