/* Taking a container's directory away, the record last (cloche/_disk.py). */
#include "container.h"

#include "entries.h"

static const char record[] = "state.json";

/* Whether a name ends as the record's: drafts of it do not. */
static int is_last(const char *name)
{
    size_t length = text_length(name), last = sizeof record - 1;
    return length >= last && text_equal(name + length - last, record);
}

/* A directory, which nothing of the usual makes, is left to Python. */
static void remove_entry(void *context, const char *name, int kind)
{
    (void)kind;
    int directory = *(const int *)context;
    if (is_last(name))
        return;
    long error = CALL(unlinkat, directory, name, 0);
    if (error < 0 && error != -ENOENT)
        hand_over();
}

static void refuse_others(void *context, const char *name, int kind)
{
    (void)context, (void)kind;
    if (!text_equal(name, record))
        hand_over();
}

static void rewind_directory(int directory)
{
    CALL(lseek, directory, 0, 0);
}

void remove_directory(const struct line *line, const struct container *container)
{
    struct path path;
    container_path(line, &path);
    int directory = container->directory;
    each_entry(directory, remove_entry, &directory);
    rewind_directory(directory);
    each_entry(directory, refuse_others, NULL);
    if (CALL(unlinkat, directory, record, 0) < 0 || CALL(unlinkat, AT_FDCWD, path.text, AT_REMOVEDIR) < 0)
        hand_over();
}
