#include "notifications.h"

#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "call.h"
#include "steering.h"

static const struct {
    uint32_t type;
    const char *name;
} names[] = {
    {0x1, "SystemExited"},
    {0x2, "SystemCreateCompleted"},
    {0x3, "SystemStartCompleted"},
    {0x4, "SystemPauseCompleted"},
    {0x5, "SystemResumeCompleted"},
    {0x6, "SystemCrashReport"},
    {0x7, "SystemSiloJobCreated"},
    {0x8, "SystemSaveCompleted"},
    {0x9, "SystemRdpEnhancedModeStateChanged"},
    {0xA, "SystemShutdownFailed"},
    {0xB, "SystemGetPropertiesCompleted"},
    {0xC, "SystemModifyCompleted"},
    {0xD, "SystemCrashInitiated"},
    {0xE, "SystemGuestConnectionClosed"},
    {PROCESS_EXITED, "ProcessExited"},
    {SERVICE_DISCONNECT, "ServiceDisconnect"},
};

struct delivery {
    bool held;
    bool until_next;
    int copies;
    int delay;
};

const char *notification_name(uint32_t type)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].type == type)
            return names[i].name;
    return "?";
}

static bool is_about(const struct rule *rule, const struct task *note)
{
    const char *id = rule->field[4];

    return strcmp(rule->field[1], notification_name(note->type)) == 0 &&
           (!*id || strcmp(id, note->system->id) == 0);
}

static void apply(const struct rule *rule, struct task *note, struct delivery *delivery)
{
    const char *action = rule->field[3];

    if (strcmp(action, "swallow") == 0)
        note->swallowed = true;
    else if (strcmp(action, "early") == 0)
        note->urgent = true;
    else if (strcmp(action, "duplicate") == 0)
        delivery->copies = 2;
    else if (strcmp(action, "late") == 0)
        delivery->delay += atoi(rule->field[5]);
    else if (strcmp(action, "held") == 0)
        delivery->held = true;
    else if (strcmp(action, "reordered") == 0)
        delivery->held = delivery->until_next = true;
    else
        note->status = field_code(action);
}

static struct delivery steered(struct task *note, int milliseconds)
{
    struct delivery delivery = {.copies = 1, .delay = milliseconds};

    for (struct rule *rule = first_rule("notify"); rule != NULL; rule = next_rule(rule)) {
        if (!is_about(rule, note))
            continue;
        rule->hits++;
        if (is_number(rule->field[2], rule->hits))
            apply(rule, note, &delivery);
    }
    return delivery;
}

static bool concerns(const struct callback *callback, const struct task *note)
{
    if (!callback->active)
        return false;
    if (note->only != NULL)
        return callback == note->only;
    return callback->process == note->process && callback->system == note->system;
}

static size_t gather(const struct task *note, struct callback ***list)
{
    size_t count = 0, room = 4;

    *list = need(malloc(room * sizeof **list));
    for (struct callback *callback = callbacks; callback; callback = callback->next) {
        if (!concerns(callback, note))
            continue;
        if (count == room)
            *list = need(realloc(*list, (room *= 2) * sizeof **list));
        (*list)[count++] = callback;
    }
    return count;
}

static void trace_notification(const struct task *note, size_t count)
{
    struct text line = {0};
    const struct process *process = note->process;

    text_print(&line, "{\"kind\":\"notify\",\"cause\":%d,\"type\":\"%s\",\"code\":\"0x%08x\",",
               note->cause, notification_name(note->type), note->type);
    text_print(&line, "\"status\":\"0x%08x\",\"swallowed\":%s,\"target\":\"%s#%d\",\"system\":",
               note->status, note->swallowed ? "true" : "false", process ? "process" : "system",
               process ? process->number : note->system->number);
    text_quote(&line, note->system->id);
    text_print(&line, ",\"callbacks\":%u}\n", (unsigned)count);
    trace_line(line.bytes, line.length);
    text_free(&line);
}

/* The data is gone as soon as the callback has returned, as with the real service. */
static void call_back(struct callback *callback, const struct task *note)
{
    size_t room = note->data ? wide_length(note->data) + 1 : 0;
    wide *data = note->data ? need(malloc(room * sizeof *data)) : NULL;

    if (data != NULL)
        widen_into(data, note->data);
    pthread_mutex_lock(&state);
    if (callback->active) {
        callback->running++;
        pthread_mutex_unlock(&state);
        callback->function(note->type, callback->context, note->status, data);
        pthread_mutex_lock(&state);
        callback->running--;
        pthread_cond_broadcast(&state_changed);
    }
    pthread_mutex_unlock(&state);
    if (data != NULL)
        memset(data, 0xDD, room * sizeof *data);
    free(data);
}

static void deliver(struct task *note)
{
    struct callback **list;
    size_t count;

    pthread_mutex_lock(&state);
    count = gather(note, &list);
    trace_notification(note, count);
    pthread_mutex_unlock(&state);
    for (size_t i = 0; i < count && !note->swallowed; i++)
        call_back(list[i], note);
    free(list);
    pthread_mutex_lock(&state);
    let_go(note->system);
    pthread_mutex_unlock(&state);
}

void announce(int milliseconds, struct task note)
{
    struct delivery delivery = steered(&note, milliseconds);

    note.run = deliver;
    if (delivery.held) {
        hold(note, delivery.until_next);
        return;
    }
    for (int i = 0; i < delivery.copies; i++) {
        struct task copy = note;

        copy.data = copy_string(note.data);
        schedule(note.urgent ? 0 : delivery.delay, copy);
    }
    free(note.data);
}

void announce_disconnect(void)
{
    for (struct callback *callback = callbacks; callback; callback = callback->next)
        if (callback->active)
            announce(0, (struct task){.type = SERVICE_DISCONNECT, .system = callback->system,
                                      .process = callback->process, .only = callback,
                                      .status = RPC_CALL_FAILED});
}

/* On the real service, who unregisters on the callback's own thread waits for itself. */
void silence(struct callback *callback)
{
    pthread_mutex_lock(&state);
    callback->active = false;
    if (callback->running > 0 && on_clock_thread())
        note_misuse("callback#%d was unregistered on its own thread", callback->number);
    else
        while (callback->running > 0)
            pthread_cond_wait(&state_changed, &state);
    pthread_mutex_unlock(&state);
}
