/* `delete`: the control group, the gate, the directory with the record last, as `cloche/oci/container.py` does.
 *
 * Whenever it ends, the record is there as long as there is anything else, and Python or the next one goes on. */
#include "container.h"

enum { EXIT_LIMIT = 10000 /* milliseconds */ };

/* What only Python takes away, or what it is to explain. */
static void check(const struct container *container, int force)
{
    const struct record *record = &container->record;
    if (record->supervised || record->has_hooks || record->shares_pids)
        hand_over();
    static const char *const notes[] = {"mounts.json", "resctrl.json"};
    for (unsigned i = 0; i < sizeof notes / sizeof *notes; i++)
        if (CALL(faccessat, container->directory, notes[i], 0) != -ENOENT)
            hand_over();
    if (container->status != STOPPED && !force)
        hand_over();
}

void do_delete(const struct line *line)
{
    static struct container container;
    if (line->count != 1)
        hand_over();
    if (!find_container(line, &container)) {
        if (line->force)
            end(0);
        hand_over();
    }
    lock_container(&container);
    find_status(&container);
    check(&container, line->force);
    terminate(&container);
    if (container.pidfd >= 0 && !has_ended(container.pidfd, EXIT_LIMIT))
        hand_over();
    remove_group(&container.group);
    remove_directory(line, &container);
    end(0);
}
