/* What processes do while they run: what the rules say, or a program of this machine. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "clock.h"

void begin_task(struct task *task);  /* the script of task->process */
void finish_task(struct task *task); /* its end, unless its system is paused */

/* Starts the command line for real. False: there is no such program. The state is locked. */
bool run_really(struct process *process, const char *parameters);

/* Of life.c. The state is not locked. */
void process_ended(struct process *process, uint32_t code);

#endif
