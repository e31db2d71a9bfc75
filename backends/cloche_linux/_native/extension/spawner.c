/* The spawner: one thread of this process that makes all children and lives as long as the process.
 *
 * Children are told when their parent ends, and to the kernel that is the thread that made them; callers come on
 * threads that end before their containers do. It never touches Python. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "extension.h"

enum { THREAD_STACK = 128 << 10, CHILD_STACK = 32 << 10 };

struct job {
    struct launch *launch;
    struct job *next;
    sem_t done;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static struct job *first, **last = &first;
static pid_t owner; /* the process whose spawner runs, or 0 */
static char child_stack[CHILD_STACK] __attribute__((aligned(16)));

static struct job *take(void)
{
    pthread_mutex_lock(&lock);
    while (!first)
        pthread_cond_wait(&arrived, &lock);
    struct job *job = first;
    first = job->next;
    if (!first)
        last = &first;
    pthread_mutex_unlock(&lock);
    return job;
}

static void *spawn_for_ever(void *unused)
{
    pthread_setname_np(pthread_self(), "cloche-spawner");
    for (;;) {
        struct job *job = take();
        launch(job->launch, child_stack, sizeof child_stack);
        sem_post(&job->done);
    }
    return unused;
}

void spawner_before_fork(void)
{
    pthread_mutex_lock(&lock);
}

void spawner_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

/* Threads stay behind in a fork, and so do the jobs of other threads. */
void spawner_in_fork(void)
{
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&arrived, NULL);
    first = NULL;
    last = &first;
    owner = 0;
}

static int ensure_running(void)
{
    if (owner == getpid())
        return 0;
    int error = thread_begin(spawn_for_ever, THREAD_STACK);
    if (!error)
        owner = getpid();
    return error;
}

int spawner_launch(struct launch *launch)
{
    struct job job = {.launch = launch};
    sem_init(&job.done, 0, 0);
    pthread_mutex_lock(&lock);
    int error = ensure_running();
    if (!error) {
        *last = &job;
        last = &job.next;
        pthread_cond_signal(&arrived);
    }
    pthread_mutex_unlock(&lock);
    while (!error && sem_wait(&job.done) < 0)
        ;
    sem_destroy(&job.done);
    return error ? error : launch->pid < 0 ? launch->pid : 0;
}
