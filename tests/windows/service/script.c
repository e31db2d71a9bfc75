#include "script.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

enum {
    SMALL = 4096,        /* what fits into any pipe at once, so that nobody has to wait */
    TICK = 10,           /* milliseconds between two looks at what happened meanwhile */
    ECHO_PATIENCE = 5000 /* of an echo without input, until its input is closed */
};

static char *bytes_of(const char *hexadecimal, size_t *length)
{
    char digits[3] = {0}, *bytes;

    *length = strlen(hexadecimal) / 2;
    bytes = need(malloc(*length + 1));
    for (size_t i = 0; i < *length; i++) {
        memcpy(digits, hexadecimal + 2 * i, 2);
        bytes[i] = (char)strtoul(digits, NULL, 16);
    }
    return bytes;
}

/* A client may close its end at any time, and may not read for as long as it likes. */
static void write_all(struct process *process, int stream, const char *bytes, size_t length)
{
    while (process->ends[stream] != NO_CHANNEL && length > 0 && !process->killed) {
        int written = write_channel(process->ends[stream], bytes, length);

        if (written < 0)
            return;
        bytes += written;
        length -= (size_t)written;
    }
}

static void say(struct process *process, int stream, const char *hexadecimal)
{
    size_t length;
    char *bytes = bytes_of(hexadecimal, &length);

    write_all(process, stream, bytes, length);
    free(bytes);
}

static void say_all(struct process *process)
{
    say(process, 1, process->output);
    say(process, 2, process->errors);
}

static void echo(struct process *process)
{
    char bytes[SMALL];

    while (!process->killed) {
        /* Before the read: what was written before it was closed is there to be read, then. */
        bool closed = process->stdin_closed;
        int count = process->paused ? 0 : read_channel(process->ends[0], bytes, sizeof bytes);

        if (count < 0 || (count == 0 && closed))
            return;
        if (process->paused)
            sleep_milliseconds(TICK);
        write_all(process, 1, bytes, (size_t)count);
    }
}

static void pass_time(struct process *process)
{
    bool endless = strcmp(process->mode, "run") == 0;

    for (int rest = process->delay; (endless || rest > 0) && !process->killed; rest -= TICK)
        sleep_milliseconds(endless || rest > TICK ? TICK : rest);
    while (process->paused && !process->killed)
        sleep_milliseconds(TICK);
}

static void close_ends(struct process *process)
{
    for (int i = 0; i < 3; i++)
        close_channel(&process->ends[i]);
}

static void *live(void *argument)
{
    struct process *process = argument;

    say_all(process);
    if (strcmp(process->mode, "echo") == 0)
        echo(process);
    else
        pass_time(process);
    close_ends(process);
    process_ended(process, process->code);
    return NULL;
}

static void start_thread(void *(*run)(void *), struct process *process)
{
    pthread_t thread;

    process->has_thread = true;
    if (pthread_create(&thread, NULL, run, process) != 0)
        abort();
    pthread_detach(thread);
}

static bool needs_thread(const struct process *process)
{
    bool echoes = strcmp(process->mode, "echo") == 0 && process->ends[0] != NO_CHANNEL;

    return echoes || strlen(process->output) + strlen(process->errors) > 2 * SMALL;
}

void begin_task(struct task *task)
{
    struct process *process = task->process;
    bool echoes = strcmp(process->mode, "echo") == 0;

    if (needs_thread(process)) {
        start_thread(live, process);
        return;
    }
    say_all(process);
    if (strcmp(process->mode, "run") == 0)
        return;
    if (echoes && process->stdin_closed)
        schedule(0, (struct task){.run = finish_task, .process = process});
    else
        schedule(echoes ? ECHO_PATIENCE : process->delay,
                 (struct task){.run = finish_task, .process = process});
}

static bool postponed(struct process *process)
{
    bool paused;

    pthread_mutex_lock(&state);
    paused = process->paused && !process->killed;
    process->waits_for_resume = paused;
    pthread_mutex_unlock(&state);
    return paused;
}

void finish_task(struct task *task)
{
    if (postponed(task->process))
        return;
    close_ends(task->process);
    process_ended(task->process, task->process->code);
}

static void *wait_for_end(void *argument)
{
    struct process *process = argument;

    process_ended(process, wait_for_child(process->child));
    return NULL;
}

/* NAME=VALUE, each ended by a zero, after the last another one. */
static struct text environment_of(const char *parameters)
{
    const char *cursor = json_member(parameters, "Environment"), *value;
    struct text block = {0};
    char *name, *string;

    while (cursor != NULL && json_next(&cursor, &name, &value)) {
        string = json_string(value);
        text_print(&block, "%s=%s", name, string ? string : "");
        text_add(&block, "", 1);
        free(name);
        free(string);
    }
    text_add(&block, "", 1);
    return block;
}

bool run_really(struct process *process, const char *parameters)
{
    struct text environment = environment_of(parameters);
    char *folder = json_string(json_member(parameters, "WorkingDirectory"));
    const char *command = process->command_line ? process->command_line : "";

    process->child = start_child(command, environment.bytes, folder, process->ends[0],
                                 process->ends[1], process->ends[2]);
    text_free(&environment);
    free(folder);
    close_ends(process);
    if (process->child != NULL)
        start_thread(wait_for_end, process);
    return process->child != NULL;
}
