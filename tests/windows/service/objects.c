#include "objects.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    enum handle_kind kind;
    int number;
    void *object;
    bool open;
    bool stale;
};

enum { FIRST_HANDLE = 0x1000, FIRST_PID = 1000, PID_STEP = 4 };

pthread_mutex_t state = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t state_changed = PTHREAD_COND_INITIALIZER;
struct system *systems;
struct callback *callbacks;

static struct entry *entries;
static size_t entry_count, entry_room;
static int numbers[STREAM + 1];
static int system_count, process_count, callback_count;

/* Those before the last reset: reachable, so that nothing takes them for leaked. */
static struct system *former_systems;
static struct callback *former_callbacks;

struct system *add_system(const char *id, const char *owner, const char *type,
                          enum system_state condition)
{
    struct system *system = need(calloc(1, sizeof *system)), **link = &systems;

    system->number = ++system_count;
    system->id = copy_string(id);
    system->owner = copy_string(owner);
    system->type = copy_string(type);
    system->state = condition;
    system->started = milliseconds_now();
    while (*link != NULL)
        link = &(*link)->next;
    *link = system;
    return system;
}

struct system *living_system(const char *id)
{
    struct system *system = systems;

    while (system != NULL && (system->state == STOPPED || strcmp(system->id, id) != 0))
        system = system->next;
    return system;
}

struct process *add_process(struct system *system)
{
    struct process *process = need(calloc(1, sizeof *process)), **link = &system->processes;

    process->number = ++process_count;
    process->pid = (uint32_t)(FIRST_PID + PID_STEP * (process_count - 1));
    process->system = system;
    process->paused = system->state == PAUSED;
    for (int i = 0; i < 3; i++)
        process->ends[i] = NO_CHANNEL;
    while (*link != NULL)
        link = &(*link)->next;
    *link = process;
    return process;
}

struct callback *add_callback(struct system *system, struct process *process, notify function,
                              uintptr_t context)
{
    struct callback *callback = need(calloc(1, sizeof *callback));

    callback->number = ++callback_count;
    callback->function = function;
    callback->context = context;
    callback->system = system;
    callback->process = process;
    callback->active = true;
    callback->next = callbacks;
    callbacks = callback;
    return callback;
}

handle open_handle(enum handle_kind kind, void *object)
{
    if (entry_count == entry_room) {
        entry_room = entry_room * 2 + 16;
        entries = need(realloc(entries, entry_room * sizeof *entries));
    }
    entries[entry_count] = (struct entry){kind, ++numbers[kind], object, true, false};
    if (kind == SYSTEM)
        ((struct system *)object)->handles++;
    return FIRST_HANDLE + entry_count++;
}

static struct entry *entry_of(handle handle)
{
    bool known = handle >= FIRST_HANDLE && handle < FIRST_HANDLE + entry_count;

    return known ? &entries[handle - FIRST_HANDLE] : NULL;
}

void *object_of(handle handle, enum handle_kind kind)
{
    struct entry *entry = entry_of(handle);
    bool valid = entry && entry->kind == kind && entry->open && !entry->stale;

    return valid ? entry->object : NULL;
}

bool handle_is_open(handle handle, enum handle_kind kind)
{
    struct entry *entry = entry_of(handle);

    return entry != NULL && entry->kind == kind && entry->open;
}

void *close_handle(handle handle, enum handle_kind kind)
{
    struct entry *entry = entry_of(handle);

    if (!handle_is_open(handle, kind))
        return NULL;
    entry->open = false;
    if (kind == SYSTEM)
        ((struct system *)entry->object)->handles--;
    return entry->object;
}

void invalidate_handles(void)
{
    for (size_t i = 0; i < entry_count; i++)
        entries[i].stale = true;
}

int handles_outstanding(enum handle_kind kind)
{
    int count = 0;

    for (size_t i = 0; i < entry_count; i++)
        count += entries[i].open && entries[i].kind == kind;
    return count;
}

void print_handle(struct text *text, handle handle)
{
    static const char *const names[] = {"", "system", "process", "callback", "stream"};
    struct entry *entry = entry_of(handle);

    if (entry == NULL)
        text_print(text, "raw:0x%x", (unsigned)handle);
    else
        text_print(text, "%s#%d%s", names[entry->kind], entry->number,
                   entry->open ? "" : "(closed)");
}

static void keep_former(void)
{
    struct system **systems_end = &systems;
    struct callback **callbacks_end = &callbacks;

    while (*systems_end != NULL)
        systems_end = &(*systems_end)->next;
    *systems_end = former_systems;
    former_systems = systems;
    while (*callbacks_end != NULL)
        callbacks_end = &(*callbacks_end)->next;
    *callbacks_end = former_callbacks;
    former_callbacks = callbacks;
}

void forget_objects(void)
{
    keep_former();
    systems = NULL;
    callbacks = NULL;
    entry_count = 0;
    system_count = process_count = callback_count = 0;
    memset(numbers, 0, sizeof numbers);
}
