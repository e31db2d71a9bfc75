/* Taking control groups away while the last processes are still dying (cloche_linux/cgroups/removal.py). */
#include "container.h"

#include "entries.h"

enum {
    DEEPEST = 64,
    FIRST_PAUSE = 500, /* microseconds */
    LONGEST_PAUSE = 50000,
    PATIENCE = 1000000, /* whoever is to explain has more */
};

static long remove_named(int directory, const char *name, int depth);

struct removal {
    int directory;
    int depth;
};

static void remove_below(void *context, const char *name, int kind)
{
    const struct removal *removal = context;
    if (kind == ENTRY_DIRECTORY)
        remove_named(removal->directory, name, removal->depth + 1);
}

static void remove_groups_in(int directory, const char *name, int depth)
{
    int below = (int)CALL(openat, directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (below < 0)
        return; /* what is wrong, the next attempt says */
    struct removal removal = {below, depth};
    each_entry(below, remove_below, &removal);
    CALL(close, below);
}

/* From the leaves up; what the kernel says if something is still busy. */
static long remove_named(int directory, const char *name, int depth)
{
    long error = CALL(unlinkat, directory, name, AT_REMOVEDIR);
    if ((error == -EBUSY || error == -ENOTEMPTY) && depth < DEEPEST)
        remove_groups_in(directory, name, depth);
    return error == -ENOENT ? 0 : error;
}

static void pause_for(long microseconds)
{
    long moment[2] = {0, microseconds * 1000};
    CALL(ppoll, NULL, 0, moment, NULL, 0);
}

static void remove_node(const struct node *node)
{
    long spent = 0, pause = FIRST_PAUSE;
    while (!node->found && node_exists(node) && remove_named(AT_FDCWD, node->path, 0) < 0) {
        if (spent > PATIENCE)
            hand_over();
        pause_for(pause);
        spent += pause;
        pause = pause * 2 < LONGEST_PAUSE ? pause * 2 : LONGEST_PAUSE;
    }
}

void remove_group(const struct group *group)
{
    for (int i = 0; i < group->count; i++)
        remove_node(group->nodes + i);
}
