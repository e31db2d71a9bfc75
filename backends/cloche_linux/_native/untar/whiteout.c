/* What says that something of a lower layer is gone: OCI image-spec, layer.md, "Whiteouts", as overlay has them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "untar.h"

static int begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

int is_whiteout(const char *name)
{
    return begins(name, ".wh.");
}

/* In the words of root's overlays, and in those of user namespaces' (userxattr), by whom it may be mounted as well. */
int mark_opaque(struct cloche_untar *u, int directory)
{
    if (u->rules.trusted && fsetxattr(directory, "trusted.overlay.opaque", "y", 1, 0))
        return broken(u, "mark of an opaque directory");
    if (fsetxattr(directory, "user.overlay.opaque", "y", 1, 0) && !(u->rules.trusted && errno == ENOTSUP))
        return broken(u, "mark of an opaque directory");
    return 0;
}

/* A whiteout counts for lower layers alone: what this one has of that name stays, and a directory of it then hides
 * what was beneath. The device 0:0 may be made by anybody, in a user namespace too (Linux 5.8). */
static int hide(struct cloche_untar *u, const char *name)
{
    int parent = u->place.fd;
    struct stat there;
    if (mknodat(parent, name, S_IFCHR, 0) == 0)
        return 0;
    if (errno != EEXIST || fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW))
        return broken(u, "whiteout");
    if (!S_ISDIR(there.st_mode))
        return 0;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int error = fd < 0 ? broken(u, "whiteout") : mark_opaque(u, fd);
    if (fd >= 0)
        close(fd);
    return error;
}

/* Other names of this kind are notes of aufs, which nobody needs any more. */
int whiteout_make(struct cloche_untar *u, const char *name)
{
    if (strcmp(name, ".wh..wh..opq") == 0)
        return mark_opaque(u, u->place.fd);
    if (begins(name, ".wh..wh."))
        return 0;
    const char *hidden = name + 4;
    if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
        return refuse(u, "a whiteout of nothing that can have a name");
    return hide(u, hidden);
}
