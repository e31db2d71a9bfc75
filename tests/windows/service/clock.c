#include "clock.h"

#include <stdlib.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct task *tasks; /* the next one first */
static struct task *current;
static int urgent;
static bool started;
static pthread_t thread;

static void insert(struct task *task)
{
    struct task **link = &tasks;

    while (*link != NULL && (*link)->due <= task->due)
        link = &(*link)->next;
    task->next = *link;
    *link = task;
}

static void discard(struct task *task)
{
    urgent -= task->urgent;
    free(task->data);
    free(task);
}

static void wait_until(uint64_t due)
{
    uint64_t now = milliseconds_now(), rest = due > now ? due - now : 0;
    struct timespec moment;

    clock_gettime(CLOCK_REALTIME, &moment); /* the clock that pthread_cond_timedwait reads */
    moment.tv_sec += (time_t)(rest / 1000);
    moment.tv_nsec += (long)(rest % 1000) * 1000000;
    moment.tv_sec += moment.tv_nsec / 1000000000;
    moment.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&changed, &lock, &moment);
}

static void run_first(void)
{
    current = tasks;
    tasks = current->next;
    pthread_mutex_unlock(&lock);
    current->run(current);
    pthread_mutex_lock(&lock);
    discard(current);
    current = NULL;
    pthread_cond_broadcast(&changed);
}

static void *keep_time(void *nothing)
{
    (void)nothing;
    pthread_mutex_lock(&lock);
    for (;;) {
        if (tasks == NULL)
            pthread_cond_wait(&changed, &lock);
        else if (tasks->due > milliseconds_now())
            wait_until(tasks->due);
        else
            run_first();
    }
    return NULL;
}

static void start(void)
{
    if (started)
        return;
    started = true;
    if (pthread_create(&thread, NULL, keep_time, NULL) != 0)
        abort();
    pthread_detach(thread);
}

void schedule(int milliseconds, struct task task)
{
    struct task *copy = need(malloc(sizeof *copy));

    *copy = task;
    copy->due = milliseconds_now() + (uint64_t)milliseconds;
    pthread_mutex_lock(&lock);
    start();
    urgent += copy->urgent;
    insert(copy);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

bool on_clock_thread(void)
{
    return started && pthread_equal(pthread_self(), thread);
}

void wait_for_urgent_tasks(void)
{
    if (on_clock_thread())
        return;
    pthread_mutex_lock(&lock);
    while (urgent > 0)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

void forget_tasks(void)
{
    pthread_mutex_lock(&lock);
    while (tasks != NULL) {
        struct task *next = tasks->next;

        discard(tasks);
        tasks = next;
    }
    pthread_cond_broadcast(&changed);
    while (current != NULL && !on_clock_thread())
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}
