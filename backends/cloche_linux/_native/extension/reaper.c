/* The reaper: waits for children that somebody else's end depends on, and for those that nobody waits for.
 *
 * The kernel lets no pid namespace end before every process in it has been reaped, and one that was put into it
 * from outside only its parent can reap: this process. Whoever waits for a container must not have to know of all
 * that was executed in it, so those are reaped here, when they end, and their statuses kept. One thread, begun
 * with the first of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "extension.h"

enum { THREAD_STACK = 64 << 10 };

struct watched {
    struct watched *next;
    int pidfd;
    int result;   /* of `reap_now`: 0 while it runs */
    int status;
    int unwanted; /* goes with its end */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct watched *all;
static int epoll = -1;

static struct watched **find(int pidfd)
{
    struct watched **at = &all;
    while (*at && (*at)->pidfd != pidfd)
        at = &(*at)->next;
    return at;
}

/* A fork may hold copies of the pidfd, so that closing it would not take it out of the epoll. */
static int settle(struct watched *watched)
{
    if (watched->result == 0) {
        watched->result = reap_now(watched->pidfd, &watched->status);
        if (watched->result)
            epoll_ctl(epoll, EPOLL_CTL_DEL, watched->pidfd, NULL);
    }
    return watched->result;
}

static void drop(struct watched **at)
{
    struct watched *gone = *at;
    *at = gone->next;
    close(gone->pidfd);
    free(gone);
}

/* Events name a pidfd and not an entry: by the time one is read, another thread may have settled and dropped it. */
static void *reap_for_ever(void *unused)
{
    struct epoll_event event;
    int from = epoll;
    for (;;) {
        if (epoll_wait(from, &event, 1, -1) != 1)
            continue;
        pthread_mutex_lock(&lock);
        struct watched **at = find(event.data.fd);
        if (*at && settle(*at) && (*at)->unwanted)
            drop(at);
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

static int begin(void)
{
    if (epoll >= 0)
        return 0;
    int made = epoll_create1(EPOLL_CLOEXEC);
    epoll = made < 0 ? -1 : move_above(made, FIRST_KEPT);
    int error = epoll < 0 ? -errno : thread_begin(reap_for_ever, THREAD_STACK);
    if (error && epoll >= 0)
        close(epoll);
    if (error)
        epoll = -1;
    return error;
}

static int watch(int pidfd, int unwanted)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = pidfd};
    int error = begin();
    struct watched *made = error ? NULL : calloc(1, sizeof *made);
    if (!made)
        return error ? error : -ENOMEM;
    *made = (struct watched){.next = all, .pidfd = pidfd, .unwanted = unwanted};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, pidfd, &event) < 0) {
        error = -errno;
        free(made);
        return error;
    }
    all = made;
    return 0;
}

int cloche_watch(int pidfd)
{
    pthread_mutex_lock(&lock);
    int error = watch(pidfd, 0);
    pthread_mutex_unlock(&lock);
    return error;
}

int cloche_reap(int pidfd, int *status)
{
    pthread_mutex_lock(&lock);
    struct watched *watched = *find(pidfd);
    int result = watched ? settle(watched) : reap_now(pidfd, status);
    if (watched)
        *status = watched->status;
    pthread_mutex_unlock(&lock);
    return result;
}

int cloche_disown(int pidfd)
{
    int status, error = 0;
    pthread_mutex_lock(&lock);
    struct watched **at = find(pidfd);
    if (*at && settle(*at))
        drop(at);
    else if (*at)
        (*at)->unwanted = 1;
    else if (reap_now(pidfd, &status) || (error = watch(pidfd, 1)))
        close(pidfd);
    pthread_mutex_unlock(&lock);
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

/* In the child of a fork: these are its parent's children. */
void reaper_in_fork(void)
{
    pthread_mutex_init(&lock, NULL);
    while (all) {
        struct watched *gone = all;
        all = gone->next;
        if (gone->unwanted)
            close(gone->pidfd);
        free(gone);
    }
    if (epoll >= 0)
        close(epoll);
    epoll = -1;
}
