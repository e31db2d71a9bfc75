/* Steps that mount in the root to be. */
#include "helper.h"

static int idmap_of(const struct helper *h, const struct record *r)
{
    return r->number < 0 || r->number >= (int)h->extras ? -1 : FD_EXTRAS + r->number;
}

/* A new tmpfs can take over the mode of the directory that it is going to hide, and says so among its options. */
static int take_mode(struct helper *h, const struct record *r, int fs, int target)
{
    struct statx file;
    char mode[] = "0000";
    if (target < 0 || !(r->flags & COPY_MODE))
        return 0;
    int error = sys_statx(target, STATX_MODE, &file);
    for (int i = 0; i < 4; i++)
        mode[i] = (char)('0' + (file.stx_mode >> 3 * (3 - i) & 7));
    return error ? error : filesystem_set(h, fs, "mode", mode);
}

/* Creates the file system that a record describes, as a mount that is attached nowhere. */
static int create_mount(struct helper *h, const struct record *r, int target)
{
    const char *source = text_of(&h->plan, r->source);
    int fs = sys_fsopen(text_of(&h->plan, r->more));
    if (fs < 0)
        return fs;
    int error = *source ? filesystem_set(h, fs, "source", source) : 0;
    if (!error)
        error = filesystem_options(h, fs, r->data);
    if (!error)
        error = take_mode(h, r, fs, target);
    if (error)
        return sys_close(fs), error;
    int mount = filesystem_mount(h, fs, r->first);
    if (mount < 0)
        return mount;
    error = change_attributes(mount, 0, 0, 0, r->third, idmap_of(h, r));
    return error ? sys_close(mount), error : mount;
}

static const char link_words[] = "it must be mounted on ordinary directory, and this is a link";

/* What is hidden of proc and sys is looked for by their paths; a link there would have it hidden elsewhere. */
static int refuse_link(struct helper *h, const char *path)
{
    struct statx file;
    int fd = open_target(h, path, O_NOFOLLOW);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    int error = sys_statx(fd, STATX_TYPE, &file);
    sys_close(fd);
    if (error || (file.stx_mode & 0170000) != 0120000)
        return error;
    text_append(h->detail, 0, sizeof h->detail, link_words, sizeof link_words - 1);
    return -ELOOP;
}

int step_mount(struct helper *h, const struct record *r)
{
    const char *path = text_of(&h->plan, r->path);
    int error = r->flags & NO_LINK ? refuse_link(h, path) : 0;
    if (error)
        return error;
    int target = open_target(h, path, O_DIRECTORY);
    int mount = create_mount(h, r, target);
    if (mount < 0) {
        if (target >= 0)
            sys_close(target);
        return mount;
    }
    if (target >= 0 && r->flags & COPY_UP)
        error = copy_directory(target, mount);
    if (target == -ENOENT)
        target = make_directory(h, path, 0755);
    if (!error)
        return attach(mount, target);
    sys_close(target);
    sys_close(mount);
    return error;
}

/* As `st_dev` of a 64-bit C library. */
static uint64_t device_of(const struct statx *file)
{
    uint64_t major = file->stx_dev_major, minor = file->stx_dev_minor;
    return (major & 0xfffff000) << 32 | (major & 0xfff) << 8 | (minor & 0xffffff00) << 12 | (minor & 0xff);
}

/* Opens what is to be bound, and verifies that it still is what was asked for. Sets its type. */
static int open_source(struct helper *h, const struct record *r, uint16_t *type)
{
    struct statx file;
    uint64_t expected[2];
    int fd = sys_open(AT_FDCWD, text_of(&h->plan, r->source), O_PATH | (r->flags & OPEN_LINK ? O_NOFOLLOW : 0), 0);
    if (fd < 0)
        return fd;
    int error = sys_statx(fd, STATX_TYPE | STATX_INO, &file);
    if (!error && r->flags & VERIFY_SOURCE) {
        memcpy(expected, text_of(&h->plan, r->data), sizeof expected);
        error = device_of(&file) == expected[0] && file.stx_ino == expected[1] ? 0 : -ESTALE;
    }
    if (error)
        return sys_close(fd), error;
    *type = file.stx_mode & 0170000;
    return fd;
}

/* Returns a detached copy of the source with the attributes it is to have. */
static int copy_source(struct helper *h, const struct record *r, uint16_t *type)
{
    int source = open_source(h, r, type);
    if (source < 0)
        return source;
    int mount = sys_clone_tree(source, r->flags & RECURSIVE);
    sys_close(source);
    if (mount < 0)
        return mount;
    int error = change_attributes(mount, r->flags & RECURSIVE_PROPAGATION, 0, 0, r->third, -1);
    if (!error)
        error = change_attributes(mount, r->flags & RECURSIVE_ATTRIBUTES, r->first, r->second, 0, -1);
    return error ? sys_close(mount), error : mount;
}

/* Keeps a copy of something that is only to be had now: to show it by other ids takes privileges in the user
 * namespace of its file system, and to be its peer a mount namespace where it still is shared. */
int step_clone_tree(struct helper *h, const struct record *r)
{
    uint16_t type;
    if (r->data.length != 16)
        return -EINVAL;
    h->path = text_of(&h->plan, r->source);
    int mount = copy_source(h, r, &type);
    if (mount < 0)
        return mount;
    int place = FD_EXTRAS + r->number;
    int error = r->flags & IDMAP ? change_attributes(mount, r->flags & RECURSIVE_IDMAP, 0, 0, 0, place) : 0;
    if (!error && (error = (int)CALL(dup3, mount, place, 0)) > 0) /* open through the helper's own execution */
        error = 0;
    sys_close(mount);
    return error;
}

/* The tree that was kept, in the place of its descriptor, or a copy of the source as it is now. */
static int find_tree(struct helper *h, const struct record *r, uint16_t *type)
{
    struct statx file;
    if (r->number < 0)
        return copy_source(h, r, type);
    int error = sys_statx(FD_EXTRAS + r->number, STATX_TYPE, &file);
    *type = file.stx_mode & 0170000;
    return error ? error : FD_EXTRAS + r->number;
}

/* Links of the kernel's own file systems are believed: what is written by way of /proc/self is to arrive there. */
static int refuse_kernels_link(struct helper *h, int fd)
{
    static const char words[] = "a link of proc, sys or devpts stays what it is";
    uint64_t found[32]; /* `struct statfs`, which begins with its type */
    int error = (int)CALL(fstatfs, fd, found);
    if (error || (found[0] != 0x9fa0 && found[0] != 0x62656572 && found[0] != 0x1cd1))
        return error;
    text_append(h->detail, 0, sizeof h->detail, words, sizeof words - 1);
    return -EPERM;
}

/* Opens what is mounted on, made if it is missing. A link there is itself mounted on if that is asked for. */
static int bind_target(struct helper *h, const struct record *r, uint16_t type)
{
    int link = r->flags & ON_LINK ? open_target(h, h->path, O_NOFOLLOW) : -ENOENT;
    int error = link < 0 ? link : refuse_kernels_link(h, link);
    if (error && link >= 0)
        sys_close(link);
    if (error != -ENOENT)
        return error ? error : link;
    return type == 0040000 ? make_directory(h, h->path, 0755) : make_file(h, h->path);
}

int step_bind(struct helper *h, const struct record *r)
{
    uint16_t type;
    if (r->data.length != 16 || r->number >= (int)h->extras)
        return -EINVAL;
    h->path = text_of(&h->plan, r->source);
    int mount = find_tree(h, r, &type);
    if (mount < 0)
        return mount;
    h->path = text_of(&h->plan, r->path);
    return attach(mount, bind_target(h, r, type));
}

int step_remount(struct helper *h, const struct record *r)
{
    int target = open_target(h, text_of(&h->plan, r->path), 0);
    if (target < 0)
        return target;
    int error = change_attributes(target, r->flags & RECURSIVE, r->first, r->second, r->third, -1);
    if (!error && r->data.length)
        error = filesystem_reconfigure(h, target, r->data);
    sys_close(target);
    return error;
}
