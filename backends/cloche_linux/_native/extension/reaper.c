/* The reaper: children that were given up while they ran are waited for here, so that none stays a zombie.
 *
 * One thread, begun with the first of them. It matters beyond tidiness: the kernel lets no pid namespace end
 * before every process in it has been reaped, and one that was started from outside only its parent can reap. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "extension.h"

enum { THREAD_STACK = 64 << 10 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int watched = -1;

static void *reap_for_ever(void *unused)
{
    struct epoll_event event;
    int from = watched;
    for (;;) {
        int status;
        if (epoll_wait(from, &event, 1, -1) != 1)
            continue;
        if (cloche_reap(event.data.fd, &status) == 0)
            continue;
        epoll_ctl(from, EPOLL_CTL_DEL, event.data.fd, NULL); /* a fork may hold copies, so close is not enough */
        close(event.data.fd);
    }
    return unused;
}

static int begin(void)
{
    if (watched >= 0)
        return 0;
    int made = epoll_create1(EPOLL_CLOEXEC);
    watched = made < 0 ? made : move_above(made, FIRST_KEPT);
    int error = watched < 0 ? -errno : thread_begin(reap_for_ever, THREAD_STACK);
    if (error && watched >= 0)
        close(watched);
    if (error)
        watched = -1;
    return error;
}

/* Takes the pidfd over in any case. */
int cloche_disown(int pidfd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = pidfd};
    pthread_mutex_lock(&lock);
    int error = begin();
    if (!error && epoll_ctl(watched, EPOLL_CTL_ADD, pidfd, &event) < 0)
        error = -errno;
    pthread_mutex_unlock(&lock);
    if (error)
        close(pidfd);
    return error;
}

void reaper_before_fork(void)
{
    pthread_mutex_lock(&lock);
}

void reaper_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

/* In the child of a fork: what is watched are its parent's children. */
void reaper_in_fork(void)
{
    pthread_mutex_init(&lock, NULL);
    if (watched >= 0)
        close(watched);
    watched = -1;
}
