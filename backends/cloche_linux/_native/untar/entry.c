/* What an entry becomes: a file, a directory, a link, a device. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../trees.h"
#include "untar.h"

/* Takes away what has the entry's name: the later one counts, as in containerd and umoci. */
int clear_way(struct cloche_untar *u, const char *name, int *whiteout)
{
    struct stat there;
    if (fstatat(u->place.fd, name, &there, AT_SYMLINK_NOFOLLOW))
        return broken(u, "what was there");
    *whiteout = S_ISCHR(there.st_mode) && there.st_rdev == 0;
    int error = S_ISDIR(there.st_mode) ? remove_tree_at(u->place.fd, name) : 0;
    if (!S_ISDIR(there.st_mode) && unlinkat(u->place.fd, name, 0))
        error = -errno;
    errno = -error;
    return error ? broken(u, "what was there") : 0;
}

/* O_EXCL: a file is new, whatever lies in its place; nothing is followed or opened that was there. */
static int make_file(struct cloche_untar *u, const char *name)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, whiteout;
    u->file = openat(u->place.fd, name, flags, 0600);
    if (u->file < 0 && errno == EEXIST && !clear_way(u, name, &whiteout))
        u->file = openat(u->place.fd, name, flags, 0600);
    return u->file < 0 && !u->error ? broken(u, "file") : u->error;
}

static int make_directory(struct cloche_untar *u, const char *name)
{
    int whiteout = 0, parent = u->place.fd, flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = -1;
    if (mkdirat(parent, name, 0700) && errno != EEXIST)
        return broken(u, "directory");
    fd = openat(parent, name, flags);
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP) && !clear_way(u, name, &whiteout))
        fd = mkdirat(parent, name, 0700) ? -1 : openat(parent, name, flags);
    if (fd < 0)
        return u->error ? u->error : broken(u, "directory");
    int error = whiteout ? mark_opaque(u, fd) : 0;
    error = error ? error : attributes_set(u, fd);
    close(fd);
    return error;
}

static int set_root(struct cloche_untar *u)
{
    if (u->entry.type != '5')
        return refuse(u, "the layer itself can only be a directory");
    place_leave(u); /* which gives the root its old time back, if it is there */
    int fd = u->error ? -1 : path_open(u, "");
    if (fd < 0)
        return u->error ? u->error : broken(u, "directory");
    int error = attributes_set(u, fd);
    close(fd);
    return error;
}

static int make_symlink(struct cloche_untar *u, const char *name)
{
    int whiteout;
    if (!u->entry.link.size)
        return refuse(u, "a symbolic link to nothing");
    if (symlinkat(u->entry.link.data, u->place.fd, name)) {
        if (errno == EEXIST && !clear_way(u, name, &whiteout) && !symlinkat(u->entry.link.data, u->place.fd, name))
            return attributes_set_at(u, name);
        return u->error ? u->error : broken(u, "symbolic link");
    }
    return attributes_set_at(u, name);
}

static int make_node(struct cloche_untar *u, const char *name)
{
    const struct entry *e = &u->entry;
    mode_t kind = e->type == '3' ? S_IFCHR : e->type == '4' ? S_IFBLK : S_IFIFO;
    dev_t device = kind == S_IFIFO ? 0 : makedev(e->major, e->minor);
    int whiteout;
    if (kind != S_IFIFO && !u->rules.devices)
        return refuse(u, "a device node, which only root can make");
    if (kind == S_IFCHR && device == 0)
        return refuse(u, "the device 0:0, by which overlays say that a file is gone");
    if (mknodat(u->place.fd, name, kind | 0600, device)) {
        if (errno == EEXIST && !clear_way(u, name, &whiteout) && !mknodat(u->place.fd, name, kind | 0600, device))
            return attributes_set_at(u, name);
        return u->error ? u->error : broken(u, "node");
    }
    return attributes_set_at(u, name);
}

/* Opens the directory of a link's target, which has to be in this layer already. */
static int open_target(struct cloche_untar *u, const char **base)
{
    struct text *target = &u->entry.link;
    if (path_clean(u, target))
        return -1;
    if (!target->size)
        return refuse(u, "a hard link to nothing that can have one"), -1;
    char *slash = strrchr(target->data, '/');
    *base = slash ? slash + 1 : target->data;
    if (slash)
        *slash = 0;
    int fd = path_open(u, slash ? target->data : "");
    if (slash)
        *slash = '/';
    if (fd < 0)
        refuse(u, errno == ENOENT ? "a hard link to what is not in this layer: %s"
                                  : "a hard link through what is no directory: %s", target->data);
    return fd;
}

static int check_target(struct cloche_untar *u, int directory, const char *base, struct stat *target)
{
    if (fstatat(directory, base, target, AT_SYMLINK_NOFOLLOW) || (S_ISCHR(target->st_mode) && !target->st_rdev))
        return refuse(u, "a hard link to what is not in this layer: %s", u->entry.link.data);
    if (S_ISDIR(target->st_mode))
        return refuse(u, "a hard link to a directory: %s", u->entry.link.data);
    return 0;
}

/* Without AT_SYMLINK_FOLLOW the link is to a symbolic link itself. */
static int link_to(struct cloche_untar *u, int directory, const char *base, const char *name)
{
    int whiteout;
    struct stat target, there;
    if (check_target(u, directory, base, &target) || !linkat(directory, base, u->place.fd, name, 0))
        return u->error;
    if (errno == EEXIST && fstatat(u->place.fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0) {
        if (there.st_ino == target.st_ino)
            return 0;
        if (clear_way(u, name, &whiteout) || !linkat(directory, base, u->place.fd, name, 0))
            return u->error;
    }
    return broken(u, "hard link");
}

static int make_link(struct cloche_untar *u, const char *name)
{
    const char *base;
    int directory = open_target(u, &base);
    if (directory < 0)
        return u->error;
    link_to(u, directory, base, name);
    close(directory);
    return u->error;
}

static int make(struct cloche_untar *u, const char *name)
{
    switch (u->entry.type) {
    case '0': case 0: case '7': case 'S':
        return make_file(u, name);
    case '1':
        return make_link(u, name);
    case '2':
        return make_symlink(u, name);
    case '3': case '4': case '6':
        return make_node(u, name);
    case '5':
        return make_directory(u, name);
    }
    return refuse(u, "an entry of an unknown kind (%#x)", (unsigned char)u->entry.type);
}

/* Names with ".wh." are kept for whiteouts; aufs had directories of them at the top. */
static int check_parents(struct cloche_untar *u, int *skip)
{
    const char *path = u->entry.name.data;
    *skip = strncmp(path, ".wh..wh.", 8) == 0 && strcmp(path, ".wh..wh..opq") != 0;
    for (const char *slash = path; !*skip && (slash = strchr(slash, '/')); path = ++slash)
        if (is_whiteout(path))
            return refuse(u, "it lies beneath a whiteout");
    return 0;
}

/* Old archives have no kind for directories but a slash behind their names. */
static void set_kind(struct entry *e)
{
    if (e->type == 0 && e->name.size && e->name.data[e->name.size - 1] == '/')
        e->type = '5';
}

int entry_make(struct cloche_untar *u)
{
    int skip;
    struct entry *e = &u->entry;
    u->file = -1;
    set_kind(e);
    if (path_clean(u, &e->name))
        return u->error;
    if (!e->name.size)
        return set_root(u);
    if (check_parents(u, &skip) || skip || place_enter(u, &e->name))
        return u->error;
    const char *name = path_base(&e->name);
    return is_whiteout(name) ? whiteout_make(u, name) : make(u, name);
}

int entry_done(struct cloche_untar *u)
{
    if (u->file < 0)
        return u->error;
    int cut = u->entry.sparse && ftruncate(u->file, u->entry.real_size);
    int error = cut ? broken(u, "size") : attributes_set(u, u->file);
    if (close(u->file) && !error) /* a full disk may be told as late as here */
        error = broken(u, "file");
    u->file = -1;
    return error;
}
