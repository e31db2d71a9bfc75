/* Where the helper begins: the plan is mapped, checked as a whole, and its steps are taken in turn. */
#include "../begin.h"
#include "helper.h"

typedef int step_function(struct helper *h, const struct record *r);

static step_function *const functions[STEP_COUNT] = {
#define STEP(number, name, fields, function) [number] = step_##function,
    STEPS(STEP)
#undef STEP
};

int step_plan(struct helper *h, const struct record *r)
{
    (void)h, (void)r;
    return -EINVAL;
}

/* The error that the plan wants here, or 0. Counted from the records alone, so that it means the same after
 * the helper has executed itself. */
static int fault_at(const struct plan *plan, uint32_t at)
{
    uint16_t step = plan->records[at].step;
    if (plan->header->fault_step != step)
        return 0;
    uint32_t occurrence = 1;
    for (uint32_t i = 0; i < at; i++)
        occurrence += plan->records[i].step == step;
    return occurrence == plan->header->fault_occurrence ? -plan->header->fault_errno : 0;
}

void helper_run(struct helper *h, uint32_t from)
{
    for (h->at = from; h->at < h->plan.steps; h->at++) {
        const struct record *record = h->plan.records + h->at;
        h->path = 0;
        int error = fault_at(&h->plan, h->at);
        if (!error)
            error = functions[record->step](h, record);
        if (error)
            helper_fail(h, error);
    }
    h->at = 0;
    h->path = "a plan without an end";
    helper_fail(h, -EINVAL);
}

/* Keeps the end of a path that is too long: the beginning is the same for all of them. */
static void copy_end(char *to, size_t room, const char *text)
{
    size_t length = text_length(text);
    if (length >= room)
        text += length - room + 1;
    memcpy(to, text, text_length(text) + 1);
}

/* Hooks of one kind are next to each other. */
static uint32_t count_hooks_before(const struct helper *h)
{
    uint32_t count = 0;
    while (count < h->at && h->plan.records[h->at - count - 1].step == STEP_HOOK)
        count++;
    return count;
}

static void report(struct helper *h, uint16_t step, int error)
{
    struct message message;
    memset(&message, 0, sizeof message);
    message.kind = MESSAGE_FAILED;
    message.number = step;
    message.error = -error;
    message.flags = h->at << MESSAGE_PLACE;
    if (h->path)
        copy_end(message.path, sizeof message.path, h->path);
    copy_end(message.detail, sizeof message.detail, h->detail);
    if ((step == STEP_EXECUTE || step == STEP_FIND_PROGRAM) && CALL(faccessat, AT_FDCWD, "/bin/sh", 1 /* X_OK */) == 0)
        message.flags |= MESSAGE_HAS_SHELL;
    if (step == STEP_HOOK)
        message.flags |= count_hooks_before(h) << MESSAGE_ORDINAL;
    if (step == STEP_EXECUTE && program_is_there(h, h->plan.records + h->at))
        message.flags |= MESSAGE_HAS_PROGRAM;
    control_send_message(h, &message, -1);
}

void helper_fail(struct helper *h, int error)
{
    if (h->at < h->plan.steps && !h->path)
        h->path = text_of(&h->plan, h->plan.records[h->at].path);
    if (h->has_init) { /* we share init's memory, and it waits for us */
        h->failure = error;
        h->failed_at = h->at;
        sys_exit(1);
    }
    report(h, h->at < h->plan.steps ? h->plan.records[h->at].step : STEP_PLAN, error);
    sys_exit(1);
}

static uint32_t parse(const char *digits)
{
    uint32_t number = 0;
    while (digits && *digits >= '0' && *digits <= '9')
        number = number * 10 + (uint32_t)(*digits++ - '0');
    return number;
}

/* Ignored signals survive execve, and Python ignores SIGPIPE and SIGXFSZ: a workload begins with none. */
static void reset_signals(void)
{
    uint64_t action[4] = {0}; /* SIG_DFL, no flags, no restorer, empty mask */
    for (int signal = 1; signal <= SIGNALS; signal++)
        CALL(rt_sigaction, signal, action, 0, sizeof(uint64_t));
}

static const char *read_plan(struct helper *h)
{
    struct statx file;
    if (sys_statx(FD_PLAN, STATX_SIZE, &file) < 0)
        return "no plan";
    long bytes = CALL(mmap, 0, file.stx_size, 1 /* PROT_READ */, 2 /* MAP_PRIVATE */, FD_PLAN, 0);
    if (bytes < 0 && bytes > -4096)
        return "size";
    return plan_check(&h->plan, (const void *)bytes, file.stx_size, h->extras);
}

/* Whether the parent, or this process itself, has yet to write id maps, which goes through files in /proc that
 * only a dumpable process owns. Nobody else is in the namespace by then. */
static int awaits_maps(const struct helper *h, uint32_t from)
{
    for (uint32_t i = from; i < h->plan.steps; i++)
        if (h->plan.records[i].step == STEP_REEXECUTE)
            return 1;
    return 0;
}

static void become_helper(struct helper *h, uint32_t from)
{
    sys_set_signal_mask(~0ull); /* the spawner has, but what the C library keeps for itself */
    CALL(setsid); /* never the terminal of the embedding process */
    CALL(umask, 0);
    sys_prctl(PR_SET_NAME, (unsigned long)"cloche-init", 0);
    if (from == 0)
        reset_signals();
    if (!awaits_maps(h, from))
        sys_prctl(PR_SET_DUMPABLE, 0, 0);
    if (watch_parent(h, SIGNAL_KILL) < 0)
        sys_exit(1);
}

void helper_main(long *stack)
{
    const char **arguments = (const char **)(stack + 1);
    static struct helper h = {
        .control = FD_CONTROL,
        .lifetime = FD_LIFETIME,
        .root = -1,
        .parent = -1,
        .scratch = -1,
        .sysctls = -1,
        .empty_directory = -1,
        .null_device = -1,
        .master = -1,
        .slave = -1,
        .umask = 022,
    };
    h.extras = parse(stack[0] > 1 ? arguments[1] : 0);
    uint32_t from = parse(stack[0] > 2 ? arguments[2] : 0);
    const char *wrong = read_plan(&h);
    if (wrong) {
        h.plan.steps = 0;
        h.path = wrong;
        helper_fail(&h, -EINVAL);
    }
    if (h.plan.header->flags & DETACHED) { /* nobody's end is ours */
        sys_close(FD_LIFETIME);
        h.lifetime = -1;
    }
    if (h.plan.header->flags & KEPT && from == 0) /* this one becomes the keeper, which stays */
        h.lifetime = -1;
    become_helper(&h, from);
    helper_run(&h, from);
}

#ifdef DECODE_ONLY /* see decode.c */
#elif defined(HOSTED)
int main(int count, char **arguments)
{
    (void)count;
    helper_main((long *)arguments - 1);
    return 1;
}
#else
BEGIN_IN(helper_main);
#endif
