/* Steps that make files in the root to be. */
#include "helper.h"

enum { TYPE_MASK = 0170000, MODE_MASK = 07777 };

int step_directory(struct helper *h, const struct record *r)
{
    const char *leaf, *path = text_of(&h->plan, r->path);
    int fd = open_target(h, path, O_DIRECTORY);
    if (fd >= 0)
        return sys_close(fd);
    int parent = open_parent(h, path, &leaf);
    if (parent < 0)
        return parent;
    int error = (int)CALL(mkdirat, parent, leaf, r->number & MODE_MASK);
    if (!error && (r->first || r->second))
        error = (int)CALL(fchownat, parent, leaf, r->first, r->second, AT_SYMLINK_NOFOLLOW);
    return error;
}

static int is_meant(const struct statx *file, const struct record *r)
{
    uint64_t device = (uint64_t)file->stx_rdev_major << 8 | (file->stx_rdev_minor & 0xff)
                      | (uint64_t)(file->stx_rdev_minor & ~0xffu) << 12;
    return (file->stx_mode & TYPE_MASK) == (r->number & TYPE_MASK) && device == r->first;
}

/* Gives the device that is there already its mode, if it is the one that is meant. By descriptor: whoever shares
 * the directory may put a link in its place meanwhile, which by name would lead to a file of the host's. */
static int adopt_device(int parent, const char *leaf, const struct record *r)
{
    struct statx file;
    char path[32] = "/proc/self/fd/";
    int fd = sys_open(parent, leaf, O_PATH | O_NOFOLLOW, 0);
    if (fd < 0)
        return fd;
    text_append_number(path, text_length(path), sizeof path, (uint64_t)fd);
    int error = sys_statx(fd, STATX_TYPE, &file);
    if (!error)
        error = is_meant(&file, r) ? (int)CALL(fchmodat, AT_FDCWD, path, r->number & MODE_MASK) : -EEXIST;
    sys_close(fd);
    return error;
}

int step_device(struct helper *h, const struct record *r)
{
    const char *leaf;
    int parent = open_parent(h, text_of(&h->plan, r->path), &leaf);
    if (parent < 0)
        return parent;
    int error = (int)CALL(mknodat, parent, leaf, r->number, r->first);
    if (error == -EEXIST)
        error = adopt_device(parent, leaf, r);
    if (!error && (r->second || r->third))
        error = (int)CALL(fchownat, parent, leaf, r->second, r->third, AT_SYMLINK_NOFOLLOW);
    return error;
}

/* Whether the link that is there says what it is to say; what is no link is EINVAL to the kernel. */
static int says(int parent, const char *leaf, const char *wanted)
{
    char target[4096];
    long size = CALL(readlinkat, parent, leaf, target, sizeof target - 1);
    if (size < 0)
        return 0;
    target[size] = '\0';
    return text_equal(target, wanted);
}

int step_symlink(struct helper *h, const struct record *r)
{
    const char *leaf, *wanted = text_of(&h->plan, r->source);
    int parent = open_parent(h, text_of(&h->plan, r->path), &leaf);
    if (parent < 0)
        return parent;
    int error = (int)CALL(symlinkat, wanted, parent, leaf);
    if (error == -EEXIST && (!(r->flags & VERIFY_SOURCE) || says(parent, leaf, wanted)))
        return 0;
    return error;
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        long written = sys_write(fd, bytes, size);
        if (written < 0)
            return (int)written;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

/* Owner before mode: a change of owner takes set-user-id bits away. */
static int fill(struct helper *h, int fd, const struct record *r)
{
    int error = write_all(fd, text_of(&h->plan, r->data), r->data.length);
    if (!error && (r->first || r->second))
        error = (int)CALL(fchown, fd, r->first, r->second);
    if (!error && r->number & ~0777)
        error = (int)CALL(fchmod, fd, r->number & MODE_MASK);
    return error;
}

int step_file(struct helper *h, const struct record *r)
{
    const char *leaf;
    int parent = open_parent(h, text_of(&h->plan, r->path), &leaf);
    if (parent < 0)
        return parent;
    int error = (int)CALL(unlinkat, parent, leaf, 0);
    int fd = error && error != -ENOENT
                 ? error
                 : sys_open(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, r->number & 0777);
    if (fd < 0)
        return fd;
    error = fill(h, fd, r);
    sys_close(fd);
    return error;
}
