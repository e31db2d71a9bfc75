/* Where a container that outlives its maker waits for its start. */
#include "helper.h"

enum { SOCK_CLOEXEC_ = O_CLOEXEC };

/* How many of the extras are the workload's. */
static unsigned count_preserved(const struct helper *h)
{
    for (uint32_t i = h->at; i < h->plan.steps; i++)
        if (h->plan.records[i].step == STEP_DESCRIPTORS)
            return (unsigned)h->plan.records[i].number;
    return h->extras;
}

static int close_all(unsigned first, unsigned last)
{
    return first <= last ? (int)CALL(close_range, first, last, 0) : 0;
}

/* It may wait for long, and a group or directory of the host's that it holds meanwhile is a way there for whoever
 * gets at it. What stays is the workload's, and the socket; the plan is mapped. */
static int let_go(struct helper *h, unsigned gate)
{
    unsigned own = FD_EXTRAS + count_preserved(h);
    int error = h->lifetime < 0 ? close_all(FD_CONTROL, FD_IMAGE) : sys_close(h->control);
    if (!error)
        error = close_all(own, gate - 1);
    if (!error)
        error = close_all(own > gate ? own : gate + 1, ~0u);
    h->root = h->parent = h->scratch = h->sysctls = h->empty_directory = h->null_device = -1;
    return error;
}

/* Whoever comes and says start, and is the one to hear of failures from then on; who comes for something else, or
 * goes before a word, wakes nobody. The creator may end meanwhile. */
int step_await_start(struct helper *h, const struct record *r)
{
    struct message message;
    int gate = FD_EXTRAS + r->number;
    int error = let_go(h, (unsigned)gate);
    while (!error) {
        int peer = (int)CALL(accept4, gate, 0, 0, SOCK_CLOEXEC_);
        if (peer < 0 && peer != -EINTR && peer != -ECONNABORTED)
            return peer;
        if (peer < 0)
            continue;
        int is_word = sys_read(peer, &message, sizeof message) == sizeof message;
        if (is_word && message.kind == MESSAGE_GIVE_UP)
            sys_exit(1);
        if (is_word && message.kind == MESSAGE_START) {
            sys_close(gate);
            return peer == h->control ? 0 : (int)CALL(dup3, peer, h->control, O_CLOEXEC) < 0 ? -EBADF : sys_close(peer);
        }
        sys_close(peer);
    }
    return error;
}
