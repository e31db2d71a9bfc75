/* Reading a plan: one pass over every field before the first step is taken. */
#include "../plan.h"

#include "../steps.h"
#include "text.h"

enum { P = 1, S = 2, D = 4, M = 8, L = 16, N = 32 };

static const uint8_t fields_of[STEP_COUNT] = {
#define STEP(number, name, fields, function) [number] = (fields),
    STEPS(STEP)
#undef STEP
};

static int is_inside(const struct plan *plan, struct span span)
{
    uint64_t end = (uint64_t)span.start + span.length;
#ifdef PLANTED_BUG
    return end <= plan->header->text_size + 64ull; /* proves that the sanitizers see what this check prevents */
#endif
    return end < plan->header->text_size && plan->text[end] == '\0';
}

static int is_string(const struct plan *plan, struct span span)
{
    return text_find(plan->text + span.start, span.length, '\0') == span.length;
}

static int is_list(const struct plan *plan, struct span span)
{
    return span.length == 0 || plan->text[span.start + span.length - 1] == '\0';
}

static const char *check_record(const struct plan *plan, const struct record *record, uint32_t extras)
{
    if (record->step == STEP_PLAN || record->step >= STEP_COUNT)
        return "no such step";
    if (!is_inside(plan, record->path) || !is_inside(plan, record->source) || !is_inside(plan, record->data)
        || !is_inside(plan, record->more))
        return "text out of bounds";
    uint8_t fields = fields_of[record->step];
    if ((fields & P && !is_string(plan, record->path)) || (fields & S && !is_string(plan, record->source)))
        return "a NUL in a string";
    if ((fields & L && !is_list(plan, record->source)) || (fields & D && !is_list(plan, record->data))
        || (fields & M && !is_list(plan, record->more)))
        return "a list without an end";
    if (fields & N && (record->number < 0 || (uint32_t)record->number >= extras))
        return "no such descriptor";
    return 0;
}

static const char *check_header(const struct plan_header *header, uint64_t size)
{
    if (size < sizeof *header || size > PLAN_MAX_BYTES)
        return "size";
    if (header->magic != PLAN_MAGIC || header->version != PLAN_VERSION
        || header->record_size != sizeof(struct record))
        return "not a plan of this version";
    if (header->steps == 0 || header->steps > PLAN_MAX_STEPS || header->text_size == 0)
        return "counts";
    if (sizeof *header + (uint64_t)header->steps * sizeof(struct record) + header->text_size != size)
        return "truncated";
    if (header->fault_step >= STEP_COUNT || header->fault_errno < 0 || header->fault_errno > 4095)
        return "fault";
    return 0;
}

const char *plan_check(struct plan *plan, const void *bytes, uint64_t size, uint32_t extras)
{
    const char *wrong = check_header(bytes, size);
    if (wrong)
        return wrong;
    plan->header = bytes;
    plan->steps = plan->header->steps;
    plan->records = (const void *)(plan->header + 1);
    plan->text = (const char *)(plan->records + plan->steps);
    if (plan->text[0] != '\0') /* where absent spans point */
        return "text";
    for (uint32_t i = 0; i < plan->steps && !wrong; i++)
        wrong = check_record(plan, plan->records + i, extras);
    return wrong;
}

const char *list_begin(const struct plan *plan, struct span list)
{
    return list.length ? plan->text + list.start : 0;
}

const char *list_next(const struct plan *plan, struct span list, const char *item)
{
    item += text_length(item) + 1;
    return item < plan->text + list.start + list.length ? item : 0;
}
