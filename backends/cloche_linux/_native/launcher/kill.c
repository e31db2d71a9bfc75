/* `kill`: a signal to the first process, as `cloche/oci/container.py` sends it. */
#include "container.h"

/* Also what is frozen is to end: SIGKILL reaches it on v1 only once it is thawed. */
void terminate(const struct container *container)
{
    const char *word = "";
    int file = open_thaw(&container->group, &word);
    int error = container->pidfd < 0 ? 0 : send_signal(container->pidfd, SIGNAL_KILL);
    if (error < 0 && error != -ESRCH)
        hand_over();
    thaw(file, word);
}

void do_kill(const struct line *line)
{
    static struct container container;
    if (line->count < 1 || line->count > 2 || !find_container(line, &container))
        hand_over();
    int number = signal_number(line->count == 2 ? line->words[1] : "TERM");
    find_status(&container);
    /* What outlives its first process, and what shares pids with others, is found by its group. */
    if (container.status == STOPPED || (number == SIGNAL_KILL && container.record.shares_pids))
        hand_over();
    if (number == SIGNAL_KILL) {
        terminate(&container);
        end(0);
    }
    int error = send_signal(container.pidfd, number);
    if (error < 0 && error != -ESRCH)
        hand_over();
    end(0);
}
