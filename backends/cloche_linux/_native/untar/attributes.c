/* Owner, mode, extended attributes and times: in an order in which none undoes another. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "untar.h"

enum { LONGEST_NAME = 255, LARGEST_VALUE = 65536 }; /* the kernel's own, limits.h */

struct xattr {
    uint32_t name, value; /* sizes; the name's with its NUL */
};

/* Overlays' own notes. In an archive they are somebody's by mistake, or to redirect where a directory comes from:
 * they are left out, and the rest of the entry is as good as any. */
static int is_overlays(const char *name)
{
    static const char *const ours[] = {
        "trusted.overlay.", "user.overlay.", "user.fuseoverlayfs.", "security.fuseoverlayfs.", "user.containers.",
    };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strncmp(name, ours[i], strlen(ours[i])) == 0)
            return 1;
    return 0;
}

int attributes_add(struct cloche_untar *u, const char *name, size_t length, const void *value, size_t size)
{
    struct xattr sizes = {(uint32_t)length + 1, (uint32_t)size};
    struct text *all = &u->entry.xattrs;
    if (length == 0 || length > LONGEST_NAME || size > LARGEST_VALUE || memchr(name, 0, length))
        return refuse(u, "an extended attribute is none that can be");
    if (is_overlays(name))
        return 0;
    if (text_append(all, &sizes, sizeof sizes) || text_append(all, name, length) || text_append(all, "", 1) ||
        text_append(all, value, size))
        return broken(u, "attribute");
    return 0;
}

/* What a file system can't have, or this user may not set, is left out, as by containerd and umoci. */
static int set_xattrs(struct cloche_untar *u, int fd, const char *path)
{
    const struct text *all = &u->entry.xattrs;
    for (size_t at = 0; at < all->size;) {
        struct xattr sizes;
        memcpy(&sizes, all->data + at, sizeof sizes);
        const char *name = all->data + at + sizeof sizes, *value = name + sizes.name;
        int failed = path ? setxattr(path, name, value, sizes.value, 0) : fsetxattr(fd, name, value, sizes.value, 0);
        if (failed && errno != ENOTSUP && errno != EPERM)
            return broken(u, "extended attribute");
        at += sizeof sizes + sizes.name + sizes.value;
    }
    return 0;
}

static int owner_failed(struct cloche_untar *u)
{
    if (errno == EINVAL) /* of a user namespace that does not know the id */
        return refuse(u, "its owner %u:%u is none of the ids that this user may use", u->entry.uid, u->entry.gid);
    return broken(u, "owner");
}

/* An owner's change takes set-user-id bits and capabilities away, so it comes first. */
int attributes_set(struct cloche_untar *u, int fd)
{
    struct timespec times[2] = {u->entry.mtime, u->entry.mtime};
    if (u->rules.owners && fchown(fd, u->entry.uid, u->entry.gid))
        return owner_failed(u);
    if (u->entry.xattrs.size && set_xattrs(u, fd, 0))
        return u->error;
    if (fchmod(fd, u->entry.mode))
        return broken(u, "mode");
    return futimens(fd, times) ? broken(u, "times") : 0;
}

/* Of what can't be opened without being felt: a link, a device, a FIFO. */
static int set_xattrs_at(struct cloche_untar *u, const char *name)
{
    char path[32];
    int fd = openat(u->place.fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return broken(u, "extended attribute");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* leads to the thing itself, a link too */
    int error = set_xattrs(u, fd, path);
    close(fd);
    return error;
}

int attributes_set_at(struct cloche_untar *u, const char *name)
{
    int parent = u->place.fd, is_link = u->entry.type == '2';
    struct timespec times[2] = {u->entry.mtime, u->entry.mtime};
    if (u->rules.owners && fchownat(parent, name, u->entry.uid, u->entry.gid, AT_SYMLINK_NOFOLLOW))
        return owner_failed(u);
    if (u->entry.xattrs.size && set_xattrs_at(u, name))
        return u->error;
    if (!is_link && fchmodat(parent, name, u->entry.mode, 0)) /* ours, just made: no link by now */
        return broken(u, "mode");
    return utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) ? broken(u, "times") : 0;
}
