/* Removal of whole trees, by descriptor, whatever those who made them made of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../entry.h"
#include "../system_call.h"
#include "../trees.h"
#include "extension.h"

/* Directories nest as deep as a hostile container likes. Below this depth a directory is moved up to the top
 * instead of being entered, so that neither stack nor descriptors run out. */
enum { DEEPEST = 16, ROOM = 4096 };

struct sweep {
    int top;
    unsigned moved;
    int error; /* the first one; what can be removed is removed all the same */
};

static void empty(struct sweep *sweep, int directory, int depth);

static int fail(struct sweep *sweep, int error)
{
    if (error != ENOENT && !sweep->error)
        sweep->error = error;
    return error == ENOENT;
}

/* Overlay makes its work directory with mode 0, which stops everybody but root. */
static int enter(int directory, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(directory, name, flags);
    if (fd < 0 && errno == EACCES && fchmodat(directory, name, 0700, 0) == 0)
        fd = openat(directory, name, flags);
    return fd;
}

static int move_up(struct sweep *sweep, int directory, const char *name)
{
    char moved[32];
    snprintf(moved, sizeof moved, ".removing-%u", sweep->moved++);
    return renameat(directory, name, sweep->top, moved) == 0 || fail(sweep, errno);
}

/* One call for an empty directory, which most are. */
static int remove_directory(struct sweep *sweep, int directory, const char *name, int depth)
{
    if (unlinkat(directory, name, AT_REMOVEDIR) == 0)
        return 1;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return fail(sweep, errno);
    if (depth == DEEPEST)
        return move_up(sweep, directory, name);
    int fd = enter(directory, name);
    if (fd < 0)
        return fail(sweep, errno);
    empty(sweep, fd, depth + 1);
    close(fd);
    return unlinkat(directory, name, AT_REMOVEDIR) == 0 || fail(sweep, errno);
}

static int remove_entry(struct sweep *sweep, int directory, const struct entry *entry, int depth)
{
    enum { UNKNOWN = 0, DIRECTORY = 4 }; /* DT_UNKNOWN, DT_DIR */
    if (entry->type != DIRECTORY && unlinkat(directory, entry->name, 0) == 0)
        return 1;
    if (entry->type != DIRECTORY && (entry->type != UNKNOWN || errno != EISDIR))
        return fail(sweep, errno);
    return remove_directory(sweep, directory, entry->name, depth);
}

/* Removes what one reading of the directory lists; returns how much that was. */
static int pass(struct sweep *sweep, int directory, int depth)
{
    _Alignas(struct entry) char listed[ROOM];
    int removed = 0;
    long size;
    lseek(directory, 0, SEEK_SET);
    while ((size = CALL(getdents64, directory, listed, sizeof listed)) > 0)
        for (long at = 0; at < size; at += ((struct entry *)(listed + at))->length) {
            const struct entry *entry = (const struct entry *)(listed + at);
            if (strcmp(entry->name, ".") && strcmp(entry->name, ".."))
                removed += remove_entry(sweep, directory, entry, depth);
        }
    return removed;
}

/* A directory that changes while it is read may not list everything at once, and what moves up comes later. */
static void empty(struct sweep *sweep, int directory, int depth)
{
    int first = sweep->error;
    while (pass(sweep, directory, depth) > 0 && sweep->error == first)
        continue;
}

int remove_tree_at(int directory, const char *name)
{
    if (unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return -errno;
    struct sweep sweep = {.top = enter(directory, name)};
    if (sweep.top < 0)
        return errno == ENOENT ? 0 : -errno;
    empty(&sweep, sweep.top, 0);
    close(sweep.top);
    if (unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    return sweep.error ? -sweep.error : -errno;
}

int cloche_remove_tree(const char *path)
{
    return remove_tree_at(AT_FDCWD, path);
}
