#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "clock.h"
#include "outage.h"
#include "steering.h"

/* How often each function was called: faults are for the nth. */
struct count {
    const char *function;
    int calls;
    struct count *next;
};

/* The call under way. There is one: the state is locked. */
static struct {
    const char *function;
    int nth;
    struct text arguments;
    struct text out;
} call;

static struct count *counts;
static FILE *trace;
static int sequence;
static int step = -1;
static int hanging;
static int releases;

static int count_call(const char *function)
{
    struct count *count = counts;

    while (count != NULL && strcmp(count->function, function) != 0)
        count = count->next;
    if (count == NULL) {
        count = need(calloc(1, sizeof *count));
        count->function = function;
        count->next = counts;
        counts = count;
    }
    return ++count->calls;
}

/* Waiting opens the state to all others. */
static void hang_if_steered(const char *function, int nth, const char *moment)
{
    struct rule *rule = rule_for("hang", function, nth);
    int release = releases;

    if (rule == NULL || strcmp(*rule->field[3] ? rule->field[3] : "before", moment) != 0)
        return;
    hanging++;
    while (release == releases)
        pthread_cond_wait(&state_changed, &state);
    hanging--;
}

void begin_call(const char *function)
{
    int nth;

    pthread_mutex_lock(&state);
    nth = count_call(function);
    hang_if_steered(function, nth, "before");
    sequence++;
    call.function = function;
    call.nth = nth;
    text_clear(&call.arguments);
    text_clear(&call.out);
}

static struct text *member(struct text *text, const char *name)
{
    text_print(text, "%s\"%s\":", text->length ? "," : "", name);
    return text;
}

void argument_text(const char *name, const char *value)
{
    text_quote(member(&call.arguments, name), value);
}

void argument_wide(const char *name, const wide *value)
{
    char *string = narrow(value);

    argument_text(name, string);
    free(string);
}

void argument_number(const char *name, uint64_t value)
{
    text_print(member(&call.arguments, name), "%llu", (unsigned long long)value);
}

static void print_quoted_handle(struct text *text, handle value)
{
    text_add(text, "\"", 1);
    print_handle(text, value);
    text_add(text, "\"", 1);
}

void argument_handle(const char *name, handle value)
{
    print_quoted_handle(member(&call.arguments, name), value);
}

void argument_driver(const struct driver_info *info)
{
    struct text *text = member(&call.arguments, "info");
    char *home = info ? narrow(info->home) : NULL;

    if (info == NULL) {
        text_print(text, "null");
        return;
    }
    text_print(text, "{\"Flavour\":%u,\"HomeDir\":", info->flavour);
    text_quote(text, home);
    text_print(text, "}");
    free(home);
}

void print_guid(struct text *text, const struct guid *id)
{
    const uint8_t *rest = id->rest;

    text_print(text, "\"%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x\"", id->first, id->second,
               id->third, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5], rest[6], rest[7]);
}

void argument_layers(const struct layer_descriptor *layers, size_t count)
{
    struct text *text = member(&call.arguments, "descriptors");

    text_print(text, "[");
    for (size_t i = 0; i < count; i++) {
        char *path = narrow(layers[i].path);

        text_print(text, "%s{\"LayerId\":", i ? "," : "");
        print_guid(text, &layers[i].id);
        text_print(text, ",\"Flags\":%u,\"Path\":", layers[i].flags);
        text_quote(text, path);
        text_print(text, "}");
        free(path);
    }
    text_print(text, "]");
}

void out_text(const char *name, const char *value)
{
    text_quote(member(&call.out, name), value);
}

void out_number(const char *name, uint64_t value)
{
    text_print(member(&call.out, name), "%llu", (unsigned long long)value);
}

void out_handle(const char *name, handle value)
{
    print_quoted_handle(member(&call.out, name), value);
}

struct text *out_member(const char *name)
{
    return member(&call.out, name);
}

/* A rule with a match counts those that match, one without counts the calls of the function. */
static bool is_meant(struct rule *rule, const char *subject)
{
    const char *match = rule->field[4];

    if (strcmp(rule->field[1], call.function) != 0)
        return false;
    if (*match && !(subject && strstr(subject, match)))
        return false;
    rule->hits++;
    return is_number(rule->field[2], *match ? rule->hits : call.nth);
}

hresult decide(const char *subject, hresult natural)
{
    struct rule *rule;

    if (rule_for("disconnect", call.function, call.nth)) {
        lose_service();
        return RPC_CALL_FAILED;
    }
    if (service_is_lost())
        return RPC_UNAVAILABLE;
    for (rule = first_rule("fault"); rule != NULL; rule = next_rule(rule))
        if (is_meant(rule, subject))
            return field_code(rule->field[3]);
    if (!takes_effect(natural))
        return natural;
    rule = rule_about("default", call.function);
    return rule ? field_code(rule->field[2]) : natural;
}

bool takes_effect(hresult code)
{
    return (int32_t)code >= 0 || code == OPERATION_PENDING;
}

void give_result(wide **result, hresult code)
{
    struct rule *rule = rule_for("result", call.function, call.nth);
    char *document;

    if (result == NULL)
        return;
    *result = NULL;
    if (rule != NULL) {
        *result = strcmp(rule->field[3], "NULL") != 0 ? give_string(rule->field[3]) : NULL;
    } else if (!takes_effect(code)) {
        document = print_string("{\"Error\":%d,\"ErrorMessage\":\"\"}", (int)code);
        *result = give_string(document);
        free(document);
    }
}

hresult end_call(hresult code)
{
    struct text line = {0};
    const char *function = call.function;
    int nth = call.nth;

    text_print(&line, "{\"kind\":\"call\",\"seq\":%d,\"step\":%d,\"fn\":\"%s\",", sequence, step,
               function);
    text_print(&line, "\"args\":{%s},", text_string(&call.arguments));
    text_print(&line, "\"out\":{%s},\"hr\":\"0x%08x\"}\n", text_string(&call.out), code);
    trace_line(line.bytes, line.length);
    text_free(&line);
    hang_if_steered(function, nth, "after");
    pthread_mutex_unlock(&state);
    wait_for_urgent_tasks();
    return code;
}

int call_number(void)
{
    return sequence;
}

void open_trace(const char *path)
{
    if (trace != NULL)
        fclose(trace);
    trace = path ? open_file(path, "ab") : NULL;
}

void trace_line(const char *line, size_t length)
{
    if (trace == NULL)
        return;
    fwrite(line, 1, length, trace);
    fflush(trace);
}

void mark_step(int number)
{
    step = number;
}

void release_calls(void)
{
    for (struct rule *rule = first_rule("hang"); rule != NULL; rule = next_rule(rule))
        rule->field[2] = "0";
    releases++;
    pthread_cond_broadcast(&state_changed);
}

int calls_hanging(void)
{
    return hanging;
}

void forget_calls(void)
{
    while (counts != NULL) {
        struct count *next = counts->next;

        free(counts);
        counts = next;
    }
    sequence = 0;
    step = -1;
    releases++;
    pthread_cond_broadcast(&state_changed);
}
