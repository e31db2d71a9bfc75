/* The exported functions about compute systems: made, opened, closed, moved from state to state. */
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "call.h"
#include "json.h"
#include "life.h"
#include "notifications.h"
#include "service.h"
#include "steering.h"

static void print_all_systems(struct text *text)
{
    const char *comma = "";

    text_print(text, "[");
    for (struct system *system = systems; system != NULL; system = system->next) {
        if (system->state == STOPPED)
            continue;
        text_print(text, "%s", comma);
        print_system_names(text, system);
        text_print(text, "}");
        comma = ",";
    }
    text_print(text, "]");
}

EXPORT hresult HcsEnumerateComputeSystems(const wide *query, wide **found, wide **result)
{
    struct text text = {0};
    const char *raw;
    hresult code;

    begin_call("HcsEnumerateComputeSystems");
    argument_wide("query", query);
    code = decide(NULL, S_OK_CODE);
    *found = NULL;
    if (takes_effect(code)) {
        raw = raw_document("enumerate");
        print_all_systems(&text);
        give_document(found, "computeSystems", raw ? raw : text.bytes);
        text_free(&text);
    }
    give_result(result, code);
    return end_call(code);
}

static struct system *make_system(const char *id, const char *configuration)
{
    char *owner = json_string(json_member(configuration, "Owner"));
    char *type = json_string(json_member(configuration, "SystemType"));
    struct system *system = add_system(id, owner ? owner : "", type ? type : "", CREATED);

    system->ends_with_last_handle =
        json_is_true(json_member(configuration, "TerminateOnLastHandleClosed"));
    free(owner);
    free(type);
    return system;
}

static hresult natural_create(const char *id, const char *configuration)
{
    if (!json_is_object(configuration))
        return INVALID_JSON;
    return living_system(id) ? SYSTEM_ALREADY_EXISTS : OPERATION_PENDING;
}

EXPORT hresult HcsCreateComputeSystem(const wide *wide_id, const wide *wide_configuration,
                                      handle identity, handle *opened, wide **result)
{
    char *id = narrow(wide_id), *configuration = narrow(wide_configuration);
    struct system *system;
    hresult code;

    begin_call("HcsCreateComputeSystem");
    argument_text("id", id);
    argument_text("configuration", configuration);
    argument_number("identity", identity);
    code = decide(id, natural_create(id, configuration));
    if (takes_effect(code)) {
        system = make_system(id, configuration);
        system->awaiting_callback = code == OPERATION_PENDING ? call_number() : 0;
        *opened = open_handle(SYSTEM, system);
        out_handle("computeSystem", *opened);
    }
    give_result(result, code);
    free(id);
    free(configuration);
    return end_call(code);
}

EXPORT hresult HcsOpenComputeSystem(const wide *wide_id, handle *opened, wide **result)
{
    char *id = narrow(wide_id);
    struct system *system;
    hresult code;

    begin_call("HcsOpenComputeSystem");
    argument_text("id", id);
    system = living_system(id);
    code = decide(id, system ? S_OK_CODE : SYSTEM_NOT_FOUND);
    if (takes_effect(code) && system != NULL) {
        *opened = open_handle(SYSTEM, system);
        out_handle("computeSystem", *opened);
    }
    give_result(result, code);
    free(id);
    return end_call(code);
}

EXPORT hresult HcsCloseComputeSystem(handle closed)
{
    struct system *system;
    hresult code;

    begin_call("HcsCloseComputeSystem");
    argument_handle("computeSystem", closed);
    code = decide_release(closed, SYSTEM);
    system = takes_effect(code) ? close_handle(closed, SYSTEM) : NULL;
    if (system != NULL && system->handles == 0 && system->ends_with_last_handle)
        end_system(system, S_OK_CODE, call_number());
    return end_call(code);
}

/* ---- what is asked of a system, and completes later ---- */

struct operation {
    const char *function;
    hresult (*natural)(const struct system *system);
    void (*carry_out)(struct system *system, hresult code);
};

static hresult operate(const struct operation *operation, handle of, const wide *options,
                       wide **result)
{
    struct system *system;
    hresult code;

    begin_call(operation->function);
    argument_handle("computeSystem", of);
    argument_wide("options", options);
    system = object_of(of, SYSTEM);
    code = decide(system ? system->id : NULL, system ? operation->natural(system) : HANDLE_INVALID);
    if (system != NULL && takes_effect(code))
        operation->carry_out(system, code);
    give_result(result, code);
    return end_call(code);
}

static void complete(struct system *system, uint32_t type)
{
    announce(pace(), (struct task){.type = type, .system = system, .cause = call_number()});
}

static hresult may_start(const struct system *system)
{
    return system->state == CREATED ? OPERATION_PENDING : INVALID_STATE;
}

static void start(struct system *system, hresult code)
{
    system->state = RUNNING;
    if (code != OPERATION_PENDING)
        return;
    if (rule_about("start_exits", system->id))
        end_system(system, S_OK_CODE, call_number());
    else
        complete(system, START_COMPLETED);
}

/* A paused system cannot listen, but it can be ended. */
static hresult may_shut_down(const struct system *system)
{
    if (system->state == STOPPED)
        return SYSTEM_ALREADY_STOPPED;
    return system->state == RUNNING ? OPERATION_PENDING : INVALID_STATE;
}

static hresult may_terminate(const struct system *system)
{
    return system->state == STOPPED ? SYSTEM_ALREADY_STOPPED : OPERATION_PENDING;
}

static void end(struct system *system, hresult code)
{
    (void)code; /* ends later whether or not the call says so */
    end_system(system, S_OK_CODE, call_number());
}

static hresult may_pause(const struct system *system)
{
    return system->state == RUNNING ? OPERATION_PENDING : INVALID_STATE;
}

static void pause_now(struct system *system, hresult code)
{
    pause_system(system, true);
    if (code == OPERATION_PENDING)
        complete(system, PAUSE_COMPLETED);
}

static hresult may_resume(const struct system *system)
{
    return system->state == PAUSED ? OPERATION_PENDING : INVALID_STATE;
}

static void resume_now(struct system *system, hresult code)
{
    pause_system(system, false);
    if (code == OPERATION_PENDING)
        complete(system, RESUME_COMPLETED);
}

/* Where to is not looked at: nothing here has a memory that could be saved. */
static void save(struct system *system, hresult code)
{
    if (code == OPERATION_PENDING)
        complete(system, SAVE_COMPLETED);
}

EXPORT hresult HcsStartComputeSystem(handle system, const wide *options, wide **result)
{
    static const struct operation it = {"HcsStartComputeSystem", may_start, start};

    return operate(&it, system, options, result);
}

EXPORT hresult HcsShutdownComputeSystem(handle system, const wide *options, wide **result)
{
    static const struct operation it = {"HcsShutdownComputeSystem", may_shut_down, end};

    return operate(&it, system, options, result);
}

EXPORT hresult HcsTerminateComputeSystem(handle system, const wide *options, wide **result)
{
    static const struct operation it = {"HcsTerminateComputeSystem", may_terminate, end};

    return operate(&it, system, options, result);
}

EXPORT hresult HcsPauseComputeSystem(handle system, const wide *options, wide **result)
{
    static const struct operation it = {"HcsPauseComputeSystem", may_pause, pause_now};

    return operate(&it, system, options, result);
}

EXPORT hresult HcsResumeComputeSystem(handle system, const wide *options, wide **result)
{
    static const struct operation it = {"HcsResumeComputeSystem", may_resume, resume_now};

    return operate(&it, system, options, result);
}

EXPORT hresult HcsSaveComputeSystem(handle system, const wide *options, wide **result)
{
    static const struct operation it = {"HcsSaveComputeSystem", may_pause, save};

    return operate(&it, system, options, result);
}
