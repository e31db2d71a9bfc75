/* Whether a group stands still, and letting it run on (cloche_linux/cgroups/freezer.py). */
#include "container.h"

static const struct node *freezing(const struct group *group)
{
    for (int i = 0; i < group->count; i++)
        if (group->nodes[i].freezes)
            return group->nodes + i;
    return NULL;
}

static void file_of(const struct node *node, const char *name, struct path *path)
{
    path_start(path, node->path);
    path_add(path, name);
    if (!path->length)
        hand_over();
}

/* ENODEV: the group is going just now, or has gone since the file was opened. */
static int has_gone(long error)
{
    return error == -ENOENT || error == -ENODEV;
}

static int has_line(const char *text, long size, const char *line)
{
    size_t length = text_length(line), at = 0, end = (size_t)size;
    while (at < end) {
        size_t here = text_find(text + at, end - at, '\n');
        if (here == length && memcmp(text + at, line, length) == 0)
            return 1;
        at += here + 1;
    }
    return 0;
}

int is_frozen(const struct group *group)
{
    const struct node *node = freezing(group);
    if (!node)
        return 0;
    char text[4096];
    struct path path;
    file_of(node, node->version == 2 ? "/cgroup.events" : "/freezer.state", &path);
    long size = read_file(AT_FDCWD, path.text, text, sizeof text);
    if (has_gone(size) || size == -EOPNOTSUPP)
        return 0;
    if (size < 0)
        hand_over();
    return has_line(text, size, node->version == 2 ? "frozen 1" : "FROZEN");
}

int open_thaw(const struct group *group, const char **word)
{
    const struct node *node = freezing(group);
    if (!node)
        return -1;
    struct path path;
    file_of(node, node->version == 2 ? "/cgroup.freeze" : "/freezer.state", &path);
    *word = node->version == 2 ? "0" : "THAWED";
    int fd = (int)CALL(openat, AT_FDCWD, path.text, O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0 && !has_gone(fd))
        hand_over();
    return fd < 0 ? -1 : fd;
}

void thaw(int fd, const char *word)
{
    int error = fd < 0 ? 0 : write_all(fd, word, text_length(word));
    if (error < 0 && !has_gone(error))
        hand_over();
}
