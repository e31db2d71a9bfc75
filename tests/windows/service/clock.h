/* What happens later: tasks in the order of their time, on one thread.
 *
 * One thread, so that 500 containers that wait cost none each, and so that what is due at the same
 * time happens in the order in which it was arranged.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>

#include "objects.h"

struct task {
    void (*run)(struct task *task); /* with the state unlocked */
    struct system *system;
    struct process *process;
    struct callback *only; /* for one callback alone */
    uint32_t type;
    hresult status;
    int cause; /* the number of the call, or minus that of the process */
    bool swallowed;
    bool urgent;  /* no call returns before it is done */
    char *data;   /* the task's own */
    uint64_t due; /* the rest is the clock's */
    struct task *next;
};

void schedule(int milliseconds, struct task task);
void wait_for_urgent_tasks(void);
bool on_clock_thread(void);
void forget_tasks(void); /* and waits for the one that runs, if it is not the caller's */

#endif
