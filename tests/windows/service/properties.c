/* What the service tells of its systems, and of itself. */
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "call.h"
#include "json.h"
#include "service.h"
#include "steering.h"

void give_document(wide **document, const char *name, const char *string)
{
    *document = strcmp(string, "NULL") != 0 ? give_string(string) : NULL;
    out_text(name, string);
}

void print_system_names(struct text *text, const struct system *system)
{
    text_print(text, "{\"Id\":");
    text_quote(text, system->id);
    text_print(text, ",\"Name\":");
    text_quote(text, system->id);
    text_print(text, ",\"SystemType\":");
    text_quote(text, system->type);
    text_print(text, ",\"Owner\":");
    text_quote(text, system->owner);
}

static const char *pending_updates(const struct system *system)
{
    struct rule *rule = rule_about("updates", system->id);

    return rule ? rule->field[2] : "false";
}

/* In 100 ns, as all durations of the service. */
static unsigned long long uptime(const struct system *system)
{
    return (milliseconds_now() - system->started) * 10000;
}

/* Numbers that are right in kind: time passes, and a tenth of it is spent. */
static void print_statistics(struct text *text, const struct system *system)
{
    unsigned long long up = uptime(system);

    text_print(text, ",\"Statistics\":{\"Timestamp\":\"2017-03-17T00:00:00Z\",");
    text_print(text, "\"ContainerStartTime\":\"2017-03-17T00:00:00Z\",\"Uptime100ns\":%llu,", up);
    text_print(text, "\"Processor\":{\"TotalRuntime100ns\":%llu,\"RuntimeUser100ns\":%llu,"
               "\"RuntimeKernel100ns\":%llu},", up / 10, up / 15, up / 30);
    text_print(text, "\"Memory\":{\"UsageCommitBytes\":52428800,\"UsageCommitPeakBytes\":62914560,"
               "\"UsagePrivateWorkingSetBytes\":41943040},");
    text_print(text, "\"Storage\":{\"ReadCountNormalized\":7,\"ReadSizeBytes\":4096,"
               "\"WriteCountNormalized\":3,\"WriteSizeBytes\":2048},\"Network\":[]}");
}

static void print_process(struct text *text, const struct process *process)
{
    text_print(text, "{\"ProcessId\":%u,\"ImageName\":", process->pid);
    text_quote(text, process->command_line ? process->command_line : "");
    text_print(text, ",\"CreateTimestamp\":\"2017-03-17T00:00:00Z\",\"UserTime100ns\":100000,"
               "\"KernelTime100ns\":50000,\"MemoryCommitBytes\":2097152,"
               "\"MemoryWorkingSetPrivateBytes\":1048576,\"MemoryWorkingSetSharedBytes\":524288}");
}

static void print_process_list(struct text *text, const struct system *system)
{
    const char *comma = "";

    text_print(text, ",\"ProcessList\":[");
    for (struct process *process = system->processes; process; process = process->next) {
        if (process->exited)
            continue;
        text_print(text, "%s", comma);
        print_process(text, process);
        comma = ",";
    }
    text_print(text, "]");
}

/* Without a list of types, or with PendingUpdates in it, the answer has AreUpdatesPending. */
static void print_properties(struct text *text, const struct system *system, const char *query)
{
    const char *types = query ? json_member(query, "PropertyTypes") : NULL;

    print_system_names(text, system);
    if (types == NULL || json_contains(types, "PendingUpdates"))
        text_print(text, ",\"AreUpdatesPending\":%s", pending_updates(system));
    if (json_contains(types, "Statistics"))
        print_statistics(text, system);
    if (json_contains(types, "ProcessList"))
        print_process_list(text, system);
    text_print(text, "}");
}

static hresult may_tell(const struct system *system)
{
    if (system == NULL)
        return HANDLE_INVALID;
    return system->state == STOPPED ? SYSTEM_NOT_FOUND : S_OK_CODE;
}

EXPORT hresult HcsGetComputeSystemProperties(handle of, const wide *wide_query, wide **properties,
                                             wide **result)
{
    char *query = narrow(wide_query);
    struct text text = {0};
    struct system *system;
    hresult code;

    begin_call("HcsGetComputeSystemProperties");
    argument_handle("computeSystem", of);
    argument_text("propertyQuery", query);
    system = object_of(of, SYSTEM);
    code = decide(system ? system->id : NULL, may_tell(system));
    *properties = NULL;
    if (takes_effect(code) && system != NULL) {
        const char *raw = raw_document("sysprops");

        print_properties(&text, system, query);
        give_document(properties, "properties", raw ? raw : text.bytes);
        text_free(&text);
    }
    give_result(result, code);
    free(query);
    return end_call(code);
}

EXPORT hresult HcsModifyComputeSystem(handle of, const wide *configuration, wide **result)
{
    struct system *system;
    hresult code;

    begin_call("HcsModifyComputeSystem");
    argument_handle("computeSystem", of);
    argument_wide("configuration", configuration);
    system = object_of(of, SYSTEM);
    code = decide(system ? system->id : NULL, system ? S_OK_CODE : HANDLE_INVALID);
    give_result(result, code);
    return end_call(code);
}

EXPORT hresult HcsGetServiceProperties(const wide *query, wide **properties, wide **result)
{
    static const char *const basic =
        "{\"Properties\":[{\"SupportedSchemaVersions\":[{\"Major\":1,\"Minor\":0}]}]}";
    const char *raw;
    hresult code;

    begin_call("HcsGetServiceProperties");
    argument_wide("query", query);
    code = decide(NULL, S_OK_CODE);
    *properties = NULL;
    if (takes_effect(code)) {
        raw = raw_document("service");
        give_document(properties, "properties", raw ? raw : basic);
    }
    give_result(result, code);
    return end_call(code);
}

EXPORT hresult HcsModifyServiceSettings(const wide *settings, wide **result)
{
    hresult code;

    begin_call("HcsModifyServiceSettings");
    argument_wide("settings", settings);
    code = decide(NULL, S_OK_CODE);
    give_result(result, code);
    return end_call(code);
}
