/* Reads plans, each after its size, from descriptor 0, and writes what is wrong with each, a line. The copy is as
 * long as the plan to the byte, so that sanitizers see a read beyond it. */
#ifdef DECODE_ONLY
#include "helper.h"

extern void *malloc(size_t size);
extern void free(void *memory);

static int read_fully(void *to, size_t size)
{
    for (size_t done = 0; done < size;) {
        long got = sys_read(0, (char *)to + done, size - done);
        if (got <= 0)
            return 0;
        done += (size_t)got;
    }
    return 1;
}

static void read_through(const struct plan *plan, struct span list)
{
    for (const char *item = list_begin(plan, list); item; item = list_next(plan, list, item))
        continue;
}

static void use_every_field(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->steps; i++) {
        const struct record *r = plan->records + i;
        if (text_length(text_of(plan, r->path)) > plan->header->text_size)
            sys_exit(2);
        if (r->step == STEP_EXECUTE || r->step == STEP_OVERLAY || r->step == STEP_ROOT_OVERLAY) {
            read_through(plan, r->source);
            read_through(plan, r->data);
        }
    }
}

int main(void)
{
    uint64_t size;
    while (read_fully(&size, sizeof size)) {
        struct plan plan = {0};
        void *bytes = malloc(size);
        read_fully(bytes, size);
        const char *wrong = plan_check(&plan, bytes, size, 0);
        if (!wrong)
            use_every_field(&plan);
        wrong = wrong ? wrong : "";
        sys_write(1, wrong, text_length(wrong));
        sys_write(1, "\n", 1);
        free(bytes);
    }
    return 0;
}
#endif
