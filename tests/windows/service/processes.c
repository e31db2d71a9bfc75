/* The exported functions about processes. */
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "call.h"
#include "json.h"
#include "life.h"
#include "service.h"
#include "steering.h"

/* A number that is no handle: a client must find out when it uses it. */
enum { NO_HANDLE_OF_ANYBODY = 0xDEA0 };

static hresult may_create(const struct system *system, const char *parameters)
{
    if (system == NULL)
        return HANDLE_INVALID;
    if (!json_is_object(parameters))
        return INVALID_JSON;
    return system->state == RUNNING ? S_OK_CODE : INVALID_STATE;
}

static void make_end(struct process *process, int stream, const char *parameters, handle *client)
{
    static const char *const wishes[] = {"CreateStdInPipe", "CreateStdOutPipe", "CreateStdErrPipe"};
    struct pipe_ends ends;

    if (!json_is_true(json_member(parameters, wishes[stream])) || !make_pipe(&ends, stream == 0))
        return;
    *client = (handle)ends.client;
    process->ends[stream] = ends.guest;
    note_pipe(&ends);
}

static void spoil_output(const struct process *process, struct process_information *information)
{
    const char *number = raw_document("badpipe");
    channel client = (channel)information->standard_output;

    if (number == NULL || atoi(number) != process->number || information->standard_output == 0)
        return;
    close_channel(&client);
    information->standard_output = NO_HANDLE_OF_ANYBODY;
}

static void make_ends(struct process *process, const char *parameters,
                      struct process_information *information)
{
    memset(information, 0, sizeof *information);
    information->process_id = process->pid;
    make_end(process, 0, parameters, &information->standard_input);
    make_end(process, 1, parameters, &information->standard_output);
    make_end(process, 2, parameters, &information->standard_error);
    spoil_output(process, information);
}

static void record_process(const struct process_information *information, handle opened)
{
    const handle ends[] = {information->standard_input, information->standard_output,
                           information->standard_error};
    static const char *const names[] = {"StdInput", "StdOutput", "StdError"};
    struct text *text;

    out_handle("process", opened);
    text = out_member("processInformation");
    text_print(text, "{\"ProcessId\":%u", information->process_id);
    for (int i = 0; i < 3; i++)
        text_print(text, ",\"%s\":%s", names[i], ends[i] ? "\"pipe\"" : "null");
    text_print(text, "}");
}

static void take_back_ends(struct process_information *information)
{
    channel ends[] = {(channel)information->standard_input, (channel)information->standard_output,
                      (channel)information->standard_error};

    for (int i = 0; i < 3; i++)
        if (ends[i] != 0 && ends[i] != NO_HANDLE_OF_ANYBODY)
            close_channel(&ends[i]);
    memset(information, 0, sizeof *information);
}

static hresult make_process(struct system *system, const char *parameters, hresult code,
                            struct process_information *information, handle *opened)
{
    struct process *process = add_process(system);

    make_ends(process, parameters, information);
    if (!cast_process(process, parameters)) {
        process->exited = process->notified = true;
        take_back_ends(information);
        return FILE_NOT_FOUND;
    }
    *opened = open_handle(PROCESS, process);
    record_process(information, *opened);
    return code;
}

EXPORT hresult HcsCreateProcess(handle in, const wide *wide_parameters,
                                struct process_information *information, handle *opened,
                                wide **result)
{
    char *parameters = narrow(wide_parameters);
    struct system *system;
    hresult code;

    begin_call("HcsCreateProcess");
    argument_handle("computeSystem", in);
    argument_text("processParameters", parameters);
    system = object_of(in, SYSTEM);
    code = decide(parameters, may_create(system, parameters));
    if (takes_effect(code) && system != NULL)
        code = make_process(system, parameters, code, information, opened);
    give_result(result, code);
    free(parameters);
    return end_call(code);
}

static struct process *process_of(const struct system *system, uint32_t pid)
{
    struct process *process = system ? system->processes : NULL;

    while (process != NULL && process->pid != pid)
        process = process->next;
    return process;
}

EXPORT hresult HcsOpenProcess(handle in, uint32_t pid, handle *opened, wide **result)
{
    struct process *process;
    hresult code;

    begin_call("HcsOpenProcess");
    argument_handle("computeSystem", in);
    argument_number("pid", pid);
    process = process_of(object_of(in, SYSTEM), pid);
    code = decide(NULL, process ? S_OK_CODE : ELEMENT_NOT_FOUND);
    if (takes_effect(code) && process != NULL) {
        *opened = open_handle(PROCESS, process);
        out_handle("process", *opened);
    }
    give_result(result, code);
    return end_call(code);
}

EXPORT hresult HcsCloseProcess(handle closed)
{
    hresult code;

    begin_call("HcsCloseProcess");
    argument_handle("process", closed);
    code = decide_release(closed, PROCESS);
    if (takes_effect(code))
        close_handle(closed, PROCESS);
    return end_call(code);
}

static hresult may_end(const struct process *process)
{
    if (process == NULL)
        return HANDLE_INVALID;
    return process->exited ? ELEMENT_NOT_FOUND : S_OK_CODE;
}

EXPORT hresult HcsTerminateProcess(handle of, wide **result)
{
    struct process *process;
    hresult code;

    begin_call("HcsTerminateProcess");
    argument_handle("process", of);
    process = object_of(of, PROCESS);
    code = decide(NULL, may_end(process));
    if (takes_effect(code) && process != NULL && !process->exited)
        terminate_process(process, PROCESS_ABORTED);
    give_result(result, code);
    return end_call(code);
}

EXPORT hresult HcsSignalProcess(handle of, const wide *wide_options, wide **result)
{
    char *options = narrow(wide_options), *signal = NULL;
    struct process *process;
    hresult code;

    begin_call("HcsSignalProcess");
    argument_handle("process", of);
    argument_text("options", options);
    process = object_of(of, PROCESS);
    code = decide(NULL, may_end(process));
    if (takes_effect(code) && process != NULL && !process->exited) {
        signal = options ? json_string(json_member(options, "Signal")) : NULL;
        signal_process(process, signal ? signal : "");
    }
    give_result(result, code);
    free(options);
    free(signal);
    return end_call(code);
}

/* The service knows the operations CloseHandle and ConsoleSize; no program here has a console. */
static void modify(struct process *process, const char *settings)
{
    char *operation = json_string(json_member(settings, "Operation"));
    const char *details = json_member(settings, "CloseHandle");
    char *which = details ? json_string(json_member(details, "Handle")) : NULL;

    if (operation && which && !strcmp(operation, "CloseHandle") && !strcmp(which, "StdIn"))
        close_input(process);
    free(operation);
    free(which);
}

EXPORT hresult HcsModifyProcess(handle of, const wide *wide_settings, wide **result)
{
    char *settings = narrow(wide_settings);
    struct process *process;
    hresult code;

    begin_call("HcsModifyProcess");
    argument_handle("process", of);
    argument_text("settings", settings);
    process = object_of(of, PROCESS);
    code = decide(NULL, process ? S_OK_CODE : HANDLE_INVALID);
    if (takes_effect(code) && process != NULL && settings != NULL)
        modify(process, settings);
    give_result(result, code);
    free(settings);
    return end_call(code);
}

/* No fresh ends: who opens a process that another one started gets none here. */
EXPORT hresult HcsGetProcessInfo(handle of, struct process_information *information, wide **result)
{
    struct process *process;
    hresult code;

    begin_call("HcsGetProcessInfo");
    argument_handle("process", of);
    process = object_of(of, PROCESS);
    code = decide(NULL, process ? S_OK_CODE : HANDLE_INVALID);
    if (process != NULL) {
        memset(information, 0, sizeof *information);
        information->process_id = process->pid;
    }
    give_result(result, code);
    return end_call(code);
}

EXPORT hresult HcsGetProcessProperties(handle of, wide **properties, wide **result)
{
    struct process *process;
    hresult code;

    begin_call("HcsGetProcessProperties");
    argument_handle("process", of);
    process = object_of(of, PROCESS);
    code = decide(NULL, process ? S_OK_CODE : HANDLE_INVALID);
    *properties = NULL;
    if (takes_effect(code) && process != NULL) {
        const char *raw = raw_document("procprops");
        char *document = print_string(
            "{\"ProcessId\":%u,\"Exited\":%s,\"ExitCode\":%u,\"LastWaitResult\":%d}", process->pid,
            process->exited ? "true" : "false", process->code, process->last_wait_result);

        give_document(properties, "processProperties", raw ? raw : document);
        free(document);
    }
    give_result(result, code);
    return end_call(code);
}
