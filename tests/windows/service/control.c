/* What tests ask of the service itself. None of it is recorded. */
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "call.h"
#include "layers.h"
#include "life.h"
#include "notifications.h"
#include "outage.h"
#include "steering.h"

static void begin_anew(void)
{
    pthread_mutex_lock(&state);
    end_all_processes();
    forget_steering();
    forget_calls();
    forget_notifications();
    forget_layers();
    restore_service();
    pthread_mutex_unlock(&state);
    forget_tasks();
    pthread_mutex_lock(&state);
    forget_objects();
    pthread_mutex_unlock(&state);
    forget_accounts();
}

/* The systems that are there before the first call. */
static void populate(void)
{
    for (struct rule *rule = first_rule("system"); rule != NULL; rule = next_rule(rule))
        if (rule->hits++ == 0)
            add_system(rule->field[1], rule->field[2], rule->field[3],
                       strcmp(rule->field[4], "created") == 0 ? CREATED : RUNNING);
}

/* Forgets everything: rules, systems, accounts; hung calls return. Then these rules, this trace. */
EXPORT void cloche_service_begin(const char *lines, const char *trace)
{
    begin_anew();
    pthread_mutex_lock(&state);
    open_trace(trace);
    steer(lines);
    populate();
    pthread_mutex_unlock(&state);
}

/* Further rules from here on. */
EXPORT void cloche_service_steer(const char *lines)
{
    pthread_mutex_lock(&state);
    steer(lines);
    populate();
    pthread_mutex_unlock(&state);
}

/* Calls that hang return, and notifications that are held are delivered. */
EXPORT void cloche_service_release(void)
{
    pthread_mutex_lock(&state);
    release_calls();
    release_notifications();
    pthread_mutex_unlock(&state);
}

EXPORT void cloche_service_lose(void)
{
    pthread_mutex_lock(&state);
    lose_service();
    pthread_mutex_unlock(&state);
}

EXPORT void cloche_service_restore(void)
{
    pthread_mutex_lock(&state);
    restore_service();
    pthread_mutex_unlock(&state);
}

/* A notification out of the blue, to the system's callbacks; the exit of a system is a real one. */
EXPORT int cloche_service_notify(const char *id, uint32_t type, hresult status, const char *data)
{
    struct system *system;

    pthread_mutex_lock(&state);
    system = living_system(id);
    if (system != NULL && type == SYSTEM_EXITED)
        end_system(system, status, 0);
    else if (system != NULL)
        announce(0, (struct task){.type = type, .system = system, .status = status,
                                  .data = copy_string(data)});
    pthread_mutex_unlock(&state);
    return system != NULL;
}

static int living_systems(void)
{
    int count = 0;

    for (struct system *system = systems; system != NULL; system = system->next)
        count += system->state != STOPPED;
    return count;
}

static void print_counts(struct text *text)
{
    text_print(text, "{\"strings\":%d,\"systems\":%d,\"processes\":%d,\"callbacks\":%d,",
               strings_outstanding(), handles_outstanding(SYSTEM), handles_outstanding(PROCESS),
               handles_outstanding(CALLBACK));
    text_print(text, "\"stdio\":%d,\"streams\":%d,\"activated\":%d,\"prepared\":%d,",
               pipes_outstanding(), handles_outstanding(STREAM), layers_activated(),
               layers_prepared());
    text_print(text, "\"living\":%d,\"hanging\":%d,\"held\":%d,\"misuses\":", living_systems(),
               calls_hanging(), notifications_held());
    print_misuses(text);
    text_print(text, "}");
}

/* What is outstanding, as JSON; returns its length, and writes it if there is room. */
EXPORT size_t cloche_service_counts(char *buffer, size_t room)
{
    struct text text = {0};
    size_t length;

    pthread_mutex_lock(&state);
    print_counts(&text);
    pthread_mutex_unlock(&state);
    length = text.length;
    if (room > length)
        memcpy(buffer, text.bytes, length + 1);
    text_free(&text);
    return length;
}

/* The name that the recording service has for it: the calls that follow belong to this step. */
EXPORT void OracleMark(uintptr_t step)
{
    pthread_mutex_lock(&state);
    mark_step((int)step);
    pthread_mutex_unlock(&state);
}

static char *content_of(const char *path)
{
    struct text text = {0};
    char bytes[4096];
    FILE *file = path ? open_file(path, "rb") : NULL;
    size_t count;

    text_add(&text, "", 0);
    while (file != NULL && (count = fread(bytes, 1, sizeof bytes, file)) > 0)
        text_add(&text, bytes, count);
    if (file != NULL)
        fclose(file);
    return text.bytes;
}

/* A process that knows nothing of tests is steered by its environment. */
__attribute__((constructor)) static void begin_by_environment(void)
{
    char *lines = content_of(getenv("ORACLE_DLL_CONFIG"));

    open_trace(getenv("ORACLE_TRACE"));
    steer(lines);
    populate();
    free(lines);
}
