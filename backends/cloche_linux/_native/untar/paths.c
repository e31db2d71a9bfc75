/* Names of an archive, and the directories they lie in: always beneath the root, never through a link. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../system_call.h"
#include "untar.h"

/* linux/openat2.h: neither another mount, nor magic links, nor links, nor out of the root. */
enum { RESOLVE = 0x01 | 0x02 | 0x04 | 0x08, DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* The time of a directory that nobody has named, until somebody does or the archive ends (1901: no one means it). */
static const struct timespec UNNAMED = {-2147483000, 0};

/* Takes "/", "./" and doubled slashes away, as everybody does; ".." is meant by nobody who means well. */
int path_clean(struct cloche_untar *u, struct text *path)
{
    size_t length = 0;
    for (size_t at = 0; at < path->size;) {
        const char *part = path->data + at, *slash = memchr(part, '/', path->size - at);
        size_t size = slash ? (size_t)(slash - part) : path->size - at;
        at += size + 1;
        if (size == 0 || (size == 1 && part[0] == '.'))
            continue;
        if (size == 2 && part[0] == '.' && part[1] == '.')
            return refuse(u, "it leads out of the layer by \"..\"");
        if (length)
            path->data[length++] = '/';
        memmove(path->data + length, part, size);
        length += size;
    }
    path->size = length;
    if (path->data)
        path->data[length] = 0;
    return length > LONGEST_PATH ? refuse(u, "its name is longer than %d bytes", LONGEST_PATH) : 0;
}

const char *path_base(const struct text *path)
{
    const char *slash = path->size ? strrchr(path->data, '/') : 0;
    return slash ? slash + 1 : path->data;
}

int path_open(struct cloche_untar *u, const char *path)
{
    uint64_t how[3] = {DIRECTORY, 0, RESOLVE}; /* `struct open_how` */
    long fd = -EAGAIN;
    for (int tries = 0; tries < 64 && fd == -EAGAIN; tries++) /* somebody renames something somewhere */
        fd = CALL(openat2, u->root, *path ? path : ".", how, sizeof how);
    errno = fd < 0 ? (int)-fd : errno;
    return fd < 0 ? -1 : (int)fd;
}

void place_leave(struct cloche_untar *u)
{
    if (u->place.fd < 0)
        return;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, u->place.mtime};
    if (futimens(u->place.fd, times) && !u->error)
        broken(u, "times");
    close(u->place.fd);
    u->place.fd = -1;
}

static int note_implied(struct cloche_untar *u, const char *path)
{
    size_t size = strlen(path) + 1;
    if (++u->entries > u->rules.most_entries || u->implied.size + size > MOST_IMPLIED)
        return refuse(u, "the archive has more entries than a layer may have");
    return text_append(&u->implied, path, size) ? broken(u, "directory") : 0;
}

/* Makes a directory that was not named, or not yet; a whiteout in its place hides what lower layers have. */
static int make_implied(struct cloche_untar *u, int parent, const char *name, const char *path)
{
    int whiteout = 0;
    struct stat before;
    struct timespec unnamed[2] = {UNNAMED, UNNAMED};
    if (fstat(parent, &before))
        return broken(u, "directory"), -1;
    if (mkdirat(parent, name, 0755)) {
        struct stat there;
        if (errno != EEXIST || fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW))
            return broken(u, "directory"), -1;
        whiteout = S_ISCHR(there.st_mode) && there.st_rdev == 0;
        if (!whiteout)
            return refuse(u, S_ISLNK(there.st_mode) ? "it leads through a symbolic link"
                                                    : "it lies beneath what is no directory"), -1;
        if (unlinkat(parent, name, 0) || mkdirat(parent, name, 0755))
            return broken(u, "directory"), -1;
    }
    int fd = openat(parent, name, DIRECTORY);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, before.st_mtim};
    if (fd < 0 || fchmod(fd, 0755) || futimens(fd, unnamed) || futimens(parent, times))
        broken(u, "directory");
    if (u->error || note_implied(u, path) || (whiteout && mark_opaque(u, fd)))
        return fd < 0 ? -1 : (close(fd), -1);
    return fd;
}

/* Walks down to a directory, and makes what is not there; -1 for a failure. */
static int make_way(struct cloche_untar *u, char *path)
{
    int fd = path_open(u, "");
    for (char *part = path; part && fd >= 0;) {
        char *slash = strchr(part, '/');
        if (slash)
            *slash = 0;
        int next = openat(fd, part, DIRECTORY);
        if (next < 0)
            next = errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? make_implied(u, fd, part, path) : -1;
        close(fd);
        fd = next;
        if (slash)
            *slash = '/';
        part = slash ? slash + 1 : 0;
    }
    if (fd < 0 && !u->error)
        broken(u, "directory");
    return fd;
}

static int is_here(const struct place *place, const char *path, size_t size)
{
    return place->fd >= 0 && place->path.size == size && memcmp(place->path.data, path, size) == 0;
}

int place_enter(struct cloche_untar *u, const struct text *path)
{
    struct place *place = &u->place;
    size_t size = (size_t)(path_base(path) - path->data);
    struct stat status;
    size -= size > 0; /* the slash */
    if (is_here(place, path->data, size))
        return 0;
    place_leave(u);
    if (u->error || text_set(&place->path, path->data, size))
        return u->error ? u->error : broken(u, "directory");
    place->fd = path_open(u, place->path.data);
    if (place->fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        place->fd = make_way(u, place->path.data);
    if (place->fd < 0)
        return u->error ? u->error : broken(u, "directory");
    if (fstat(place->fd, &status))
        return broken(u, "directory");
    place->mtime = status.st_mtim;
    return 0;
}

static int settle_implied(struct cloche_untar *u, const char *path, int *unnamed)
{
    struct stat status;
    struct timespec times[2] = {{0, 0}, {0, 0}};
    int fd = path_open(u, path), failed = 0;
    *unnamed = 0;
    if (fd < 0) /* it was replaced since */
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : broken(u, "directory");
    failed = fstat(fd, &status);
    *unnamed = !failed && status.st_mtim.tv_sec == UNNAMED.tv_sec;
    failed = failed || (*unnamed && futimens(fd, times));
    close(fd);
    return failed ? broken(u, "times") : 0;
}

/* Gives directories that were never named a time that is the same each time, and forgets the others. */
int implied_finish(struct cloche_untar *u)
{
    size_t kept = 0;
    for (size_t at = 0; at < u->implied.size;) {
        int unnamed;
        size_t size = strlen(u->implied.data + at) + 1;
        if (settle_implied(u, u->implied.data + at, &unnamed))
            return u->error;
        if (unnamed) {
            memmove(u->implied.data + kept, u->implied.data + at, size);
            kept += size;
        }
        at += size;
    }
    u->implied.size = kept;
    return 0;
}
