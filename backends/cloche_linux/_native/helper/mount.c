/* Steps that mount in the root to be. */
#include "helper.h"

int step_mount(struct helper *h, const struct record *r)
{
    const char *source = text_of(&h->plan, r->source);
    int fs = sys_fsopen(text_of(&h->plan, r->more));
    if (fs < 0)
        return fs;
    int error = *source ? filesystem_set(h, fs, "source", source) : 0;
    if (!error)
        error = filesystem_options(h, fs, r->data);
    if (error)
        return sys_close(fs), error;
    int mount = filesystem_mount(h, fs, r->first);
    if (mount < 0)
        return mount;
    error = change_attributes(mount, 0, 0, 0, r->third, -1);
    if (error)
        return sys_close(mount), error;
    return attach(mount, make_directory(h, text_of(&h->plan, r->path), 0755));
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
    int fd = sys_open(AT_FDCWD, text_of(&h->plan, r->source), O_PATH, 0);
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
    int idmap = r->number < 0 ? -1 : FD_EXTRAS + r->number;
    int error = change_attributes(mount, r->flags & RECURSIVE_ATTRIBUTES, r->first, r->second, 0, idmap);
    if (!error) /* of the whole tree, as mount(8) does with rprivate and its like */
        error = change_attributes(mount, r->flags & RECURSIVE, 0, 0, r->third, -1);
    return error ? sys_close(mount), error : mount;
}

int step_bind(struct helper *h, const struct record *r)
{
    uint16_t type;
    if (r->data.length != 16 || r->number >= (int)h->extras)
        return -EINVAL;
    h->path = text_of(&h->plan, r->source);
    int mount = copy_source(h, r, &type);
    if (mount < 0)
        return mount;
    h->path = text_of(&h->plan, r->path);
    return attach(mount, type == 0040000 ? make_directory(h, h->path, 0755) : make_file(h, h->path));
}

int step_remount(struct helper *h, const struct record *r)
{
    int target = open_target(h, text_of(&h->plan, r->path), 0);
    if (target < 0)
        return target;
    int error = change_attributes(target, r->flags & RECURSIVE, r->first, r->second, r->third, -1);
    sys_close(target);
    return error;
}
