/* How systems and processes live and end. The state is to be locked, unless it says otherwise. */
#ifndef LIFE_H
#define LIFE_H

#include "objects.h"

/* Its processes end one after the other, then its exit is announced: not before this returns. */
void end_system(struct system *system, hresult status, int cause);
void pause_system(struct system *system, bool paused);

/* Gives a new process its part: by the rules of its number. False: there is no such program. */
bool cast_process(struct process *process, const char *parameters);

/* A scripted process begins when somebody listens; a real one has begun by then. */
void begin_process(struct process *process);
void terminate_process(struct process *process, uint32_t code);
void signal_process(struct process *process, const char *signal);
void close_input(struct process *process);

void end_all_processes(void);

#endif
