/* Systems, processes and callbacks, and the handles to them.
 *
 * All is to be used with the state locked. Objects are kept until the process ends: a notification
 * that comes late, or a thread that still copies output, may name one that nobody has a handle to.
 */
#ifndef OBJECTS_H
#define OBJECTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "abi.h"
#include "platform.h"
#include "text.h"

extern pthread_mutex_t state;
extern pthread_cond_t state_changed;

enum system_state { CREATED = 1, RUNNING, PAUSED, STOPPED };

struct system {
    int number;
    char *id;
    char *owner;
    char *type;
    enum system_state state;
    bool ending; /* its exit is on its way */
    bool ends_with_last_handle;
    int handles;
    int awaiting_callback; /* the call whose completion is held until there is a callback */
    uint64_t started;
    struct process *processes;
    struct system *next;
};

struct process {
    int number;
    uint32_t pid;
    struct system *system;
    char *command_line;
    const char *mode;
    const char *output; /* what it writes: hexadecimal */
    const char *errors;
    int delay;
    bool ignores_signals;
    uint32_t code;
    uint32_t status; /* of the notification of its exit */
    int last_wait_result;
    bool begun;
    bool exited;
    bool notified;
    bool waits_for_resume;
    bool has_thread;
    atomic_bool killed;
    atomic_bool stdin_closed;
    atomic_bool paused;
    channel ends[3]; /* its own ends of stdin, stdout, stderr */
    struct child *child;
    struct process *next;
};

struct callback {
    int number;
    notify function;
    uintptr_t context;
    struct system *system;
    struct process *process; /* NULL: of the system */
    bool active;
    int running;
    struct callback *next;
};

enum handle_kind { SYSTEM = 1, PROCESS, CALLBACK, STREAM };

extern struct system *systems;
extern struct callback *callbacks;

struct system *add_system(const char *id, const char *owner, const char *type,
                          enum system_state condition);
struct system *living_system(const char *id); /* NULL: there is none, or it has stopped */
struct process *add_process(struct system *system);
struct callback *add_callback(struct system *system, struct process *process, notify function,
                              uintptr_t context);

handle open_handle(enum handle_kind kind, void *object);
void *object_of(handle handle, enum handle_kind kind);     /* NULL: no such handle */
bool handle_is_open(handle handle, enum handle_kind kind); /* a stale one, too */
void *close_handle(handle handle, enum handle_kind kind);  /* its object, or NULL */
void invalidate_handles(void); /* what a lost service leaves: they can be closed, and no more */
int handles_outstanding(enum handle_kind kind);
void print_handle(struct text *text, handle handle); /* system#1, process#2(closed), raw:0x5 */

void forget_objects(void);

#endif
