/* What the extension's parts have of the embedding process: threads without signals, and the moment of a fork. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "extension.h"

/* Every signal is blocked in the thread, and so in its children until the workload is executed: all but what the
 * C library keeps for itself, without which `setuid` in another thread would wait for ever. */
int thread_begin(void *(*run)(void *), size_t stack_size)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t every, before;
    sigfillset(&every);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack_size);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    int error = pthread_create(&thread, &attributes, run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return -error;
}

static void before_fork(void)
{
    spawner_before_fork();
    holdings_before_fork();
    reaper_before_fork();
}

static void after_fork(void)
{
    reaper_after_fork();
    holdings_after_fork();
    spawner_after_fork();
}

static void in_fork(void)
{
    reaper_in_fork();
    holdings_in_fork();
    spawner_in_fork();
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, in_fork);
}

int move_above(int fd, int lowest)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, lowest);
    int error = errno;
    close(fd);
    errno = error;
    return moved;
}
