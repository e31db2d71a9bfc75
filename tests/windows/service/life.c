#include "life.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "notifications.h"
#include "script.h"
#include "steering.h"

static void announce_exit(struct process *process, hresult status, int cause)
{
    process->notified = true;
    announce(0, (struct task){.type = PROCESS_EXITED, .system = process->system,
                              .process = process, .status = status, .cause = cause});
}

static void stop_running(struct process *process)
{
    process->killed = true;
    if (process->child != NULL)
        kill_child(process->child);
    else if (!process->has_thread)
        schedule(0, (struct task){.run = finish_task, .process = process});
}

static struct process *first_alive(struct system *system)
{
    struct process *process = system->processes;

    while (process != NULL && process->exited)
        process = process->next;
    return process;
}

/* One process a step, with some time between: a client sees each exit before the system's. */
static void end_step(struct task *task)
{
    struct process *process;

    pthread_mutex_lock(&state);
    process = first_alive(task->system);
    if (process == NULL) {
        announce(0, (struct task){.type = SYSTEM_EXITED, .system = task->system,
                                  .status = task->status, .cause = task->cause});
    } else {
        bool silent = process->notified;

        process->exited = true;
        process->code = PROCESS_ABORTED;
        if (!silent)
            announce_exit(process, S_OK_CODE, task->cause);
        stop_running(process);
        schedule(silent ? 0 : 2 * pace(), *task);
    }
    pthread_mutex_unlock(&state);
}

void end_system(struct system *system, hresult status, int cause)
{
    if (system->ending)
        return;
    system->ending = true;
    system->state = STOPPED;
    schedule(pace(), (struct task){.run = end_step, .system = system, .status = status,
                                   .cause = cause});
}

void pause_system(struct system *system, bool paused)
{
    system->state = paused ? PAUSED : RUNNING;
    for (struct process *process = system->processes; process; process = process->next) {
        process->paused = paused;
        if (process->child != NULL && !process->exited)
            pause_child(process->child, paused);
        if (!paused && process->waits_for_resume)
            schedule(0, (struct task){.run = finish_task, .process = process});
    }
}

static const struct rule *rule_of(const struct process *process)
{
    struct rule *rule = first_rule("proc");

    while (rule != NULL && !is_number(rule->field[1], process->number))
        rule = next_rule(rule);
    return rule;
}

bool cast_process(struct process *process, const char *parameters)
{
    const struct rule *rule = rule_of(process);

    process->command_line = json_string(json_member(parameters, "CommandLine"));
    process->mode = "exit";
    process->output = process->errors = "";
    process->delay = 5 * pace() / 2;
    if (rule != NULL) {
        process->mode = copy_string(rule->field[2]);
        process->output = copy_string(rule->field[3]);
        process->errors = copy_string(rule->field[4]);
        process->code = field_code(rule->field[5]);
        process->delay = atoi(rule->field[6]);
        process->status = field_code(rule->field[7]);
        process->last_wait_result = (int)field_code(rule->field[8]);
        process->ignores_signals = strcmp(rule->field[9], "ignored") == 0;
    }
    return strcmp(process->mode, "real") != 0 || run_really(process, parameters);
}

void begin_process(struct process *process)
{
    bool first = !process->begun;

    process->begun = true;
    if (process->exited && !process->notified)
        announce_exit(process, process->status, -process->number);
    else if (first && process->child == NULL && !process->exited)
        schedule(0, (struct task){.run = begin_task, .process = process});
}

void terminate_process(struct process *process, uint32_t code)
{
    process->exited = true;
    process->code = code;
    stop_running(process);
}

void signal_process(struct process *process, const char *signal)
{
    if (process->child != NULL)
        interrupt_child(process->child, signal);
    else if (!process->ignores_signals)
        terminate_process(process, INTERRUPTED_CODE);
}

void close_input(struct process *process)
{
    process->stdin_closed = true;
    if (strcmp(process->mode, "echo") == 0 && process->begun && !process->has_thread)
        schedule(0, (struct task){.run = finish_task, .process = process});
}

void end_all_processes(void)
{
    for (struct system *system = systems; system != NULL; system = system->next)
        for (struct process *process = system->processes; process; process = process->next) {
            process->killed = true;
            if (process->child != NULL && !process->exited)
                kill_child(process->child);
        }
}

/* ---- the end that comes from the process itself: script.c calls it with the state unlocked ---- */

static bool ends_its_system(const struct process *process)
{
    const struct system *system = process->system;

    return system->processes == process && rule_about("exit_with_init", system->id);
}

void process_ended(struct process *process, uint32_t code)
{
    pthread_mutex_lock(&state);
    if (!process->exited) {
        process->exited = true;
        process->code = code;
    }
    if (!process->notified && process->begun)
        announce_exit(process, process->status, -process->number);
    if (ends_its_system(process))
        end_system(process->system, S_OK_CODE, -process->number);
    pthread_mutex_unlock(&state);
}
