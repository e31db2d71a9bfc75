/* The queue of notifications where there are no completion ports: a list under a lock. */
#ifndef _WIN32
#include "binding.h"

#include <pthread.h>
#include <stdlib.h>

struct item {
    struct item *next;
    cloche_notification *notification;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_cond_t filled;
static struct item *first;
static struct item **end = &first;

static void make_condition(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&filled, &attributes);
    pthread_condattr_destroy(&attributes);
}

int queue_put(cloche_notification *notification)
{
    struct item *item = malloc(sizeof *item);
    if (!item)
        return 0;
    *item = (struct item){.notification = notification};
    pthread_once(&once, make_condition);
    pthread_mutex_lock(&lock);
    *end = item;
    end = &item->next;
    pthread_cond_signal(&filled);
    pthread_mutex_unlock(&lock);
    return 1;
}

static void wait_for_first(int milliseconds)
{
    struct timespec deadline = deadline_after(milliseconds);
    int late = 0;
    while (!first && !late)
        late = milliseconds < 0 ? pthread_cond_wait(&filled, &lock)
                                : pthread_cond_timedwait(&filled, &lock, &deadline);
}

static struct item *detach_first(void)
{
    struct item *item = first;
    if (item) {
        first = item->next;
        if (!first)
            end = &first;
    }
    return item;
}

cloche_notification *queue_take(int milliseconds)
{
    pthread_once(&once, make_condition);
    pthread_mutex_lock(&lock);
    wait_for_first(milliseconds);
    struct item *item = detach_first();
    pthread_mutex_unlock(&lock);
    cloche_notification *notification = item ? item->notification : NULL;
    free(item);
    return notification;
}
#endif
