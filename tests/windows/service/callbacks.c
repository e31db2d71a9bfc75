/* The exported functions about callbacks, and how handles are given back. */
#include "call.h"
#include "life.h"
#include "notifications.h"
#include "outage.h"
#include "service.h"
#include "steering.h"

/* A lost service keeps nothing from being given back: the client's side knows its own handles. */
hresult decide_release(handle given_back, enum handle_kind kind)
{
    if (service_is_lost())
        return S_OK_CODE;
    return decide(NULL, handle_is_open(given_back, kind) ? S_OK_CODE : HANDLE_INVALID);
}

static void complete_create(struct system *system)
{
    int cause = system->awaiting_callback;

    system->awaiting_callback = 0;
    if (cause == 0)
        return;
    if (rule_about("create_exits", system->id))
        end_system(system, S_OK_CODE, cause);
    else
        announce(pace(), (struct task){.type = CREATE_COMPLETED, .system = system, .cause = cause});
}

EXPORT hresult HcsRegisterComputeSystemCallback(handle of, notify function, uintptr_t context,
                                                handle *registered)
{
    struct system *system;
    hresult code;

    begin_call("HcsRegisterComputeSystemCallback");
    argument_handle("computeSystem", of);
    argument_text("callback", "fn");
    argument_number("context", context);
    system = object_of(of, SYSTEM);
    code = decide(system ? system->id : NULL, system ? S_OK_CODE : HANDLE_INVALID);
    if (takes_effect(code) && system != NULL) {
        *registered = open_handle(CALLBACK, add_callback(system, NULL, function, context));
        out_handle("callbackHandle", *registered);
        complete_create(system);
    }
    return end_call(code);
}

/* Who registers after the exit hears of it, too: a second handle must not wait for ever. */
static void tell_late_comer(struct process *process, struct callback *callback)
{
    announce(0, (struct task){.type = PROCESS_EXITED, .system = process->system,
                              .process = process, .status = process->status, .only = callback,
                              .cause = -process->number});
}

EXPORT hresult HcsRegisterProcessCallback(handle of, notify function, uintptr_t context,
                                          handle *registered)
{
    struct process *process;
    struct callback *callback;
    hresult code;

    begin_call("HcsRegisterProcessCallback");
    argument_handle("process", of);
    argument_text("callback", "fn");
    argument_number("context", context);
    process = object_of(of, PROCESS);
    code = decide(NULL, process ? S_OK_CODE : HANDLE_INVALID);
    if (takes_effect(code) && process != NULL) {
        callback = add_callback(process->system, process, function, context);
        *registered = open_handle(CALLBACK, callback);
        out_handle("callbackHandle", *registered);
        if (process->notified)
            tell_late_comer(process, callback);
        else
            begin_process(process);
    }
    return end_call(code);
}

static hresult unregister(const char *function, handle registered)
{
    struct callback *callback;
    hresult code;

    begin_call(function);
    argument_handle("callbackHandle", registered);
    code = decide_release(registered, CALLBACK);
    callback = takes_effect(code) ? close_handle(registered, CALLBACK) : NULL;
    code = end_call(code);
    if (callback != NULL)
        silence(callback);
    return code;
}

EXPORT hresult HcsUnregisterComputeSystemCallback(handle registered)
{
    return unregister("HcsUnregisterComputeSystemCallback", registered);
}

EXPORT hresult HcsUnregisterProcessCallback(handle registered)
{
    return unregister("HcsUnregisterProcessCallback", registered);
}
