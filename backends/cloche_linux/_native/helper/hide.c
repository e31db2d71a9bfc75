/* Steps that take something of the kernel's file systems away: by hiding it, or by writing nothing. */
#include "helper.h"

enum { TYPE_DIRECTORY = 0040000, TYPE_CHARACTER = 0020000, NULL_MAJOR = 1, NULL_MINOR = 3 };

static int is_absent(int error)
{
    return error == -ENOENT || error == -ENOTDIR;
}

static int cover(int mount, int target)
{
    if (mount < 0)
        return mount;
    int error = sys_move_mount(mount, target);
    sys_close(mount);
    return error;
}

/* The first masked directory gets a new tmpfs, the others copies of that mount. Only a mount that is attached
 * can be copied (before 6.15), so the first is not kept aside as a pattern. */
int cover_directory(struct helper *h, int target)
{
    if (h->empty_directory >= 0)
        return cover(sys_clone_tree(h->empty_directory, 0), target);
    int fs = sys_fsopen("tmpfs");
    if (fs < 0)
        return fs;
    h->empty_directory = filesystem_mount(h, fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
                                                     | MOUNT_ATTR_NOEXEC);
    if (h->empty_directory < 0)
        return h->empty_directory;
    return sys_move_mount(h->empty_directory, target);
}

/* A null device that is something else (CVE-2025-31133) would show, or give away, whatever it is. */
static int open_null_device(struct helper *h)
{
    struct statx file;
    int fd = open_target(h, "/dev/null", O_NOFOLLOW);
    if (fd < 0)
        return fd;
    int error = sys_statx(fd, STATX_TYPE, &file);
    int genuine = (file.stx_mode & 0170000) == TYPE_CHARACTER && file.stx_rdev_major == NULL_MAJOR
                  && file.stx_rdev_minor == NULL_MINOR;
    if (!error && genuine)
        return fd;
    sys_close(fd);
    return error ? error : -ENODEV;
}

static int cover_file(struct helper *h, int target)
{
    if (h->null_device < 0)
        h->null_device = open_null_device(h);
    if (h->null_device < 0)
        return h->null_device;
    return cover(sys_clone_tree(h->null_device, 0), target);
}

int step_mask(struct helper *h, const struct record *r)
{
    struct statx file;
    int target = open_target(h, text_of(&h->plan, r->path), 0);
    if (target < 0)
        return is_absent(target) ? 0 : target;
    int error = sys_statx(target, STATX_TYPE, &file);
    if (!error)
        error = (file.stx_mode & 0170000) == TYPE_DIRECTORY ? cover_directory(h, target) : cover_file(h, target);
    sys_close(target);
    return error;
}

int step_read_only(struct helper *h, const struct record *r)
{
    int target = open_target(h, text_of(&h->plan, r->path), 0);
    if (target < 0)
        return is_absent(target) ? 0 : target;
    int mount = sys_clone_tree(target, 1);
    int error = mount < 0 ? mount : change_attributes(mount, 1, r->first, 0, 0, -1);
    if (!error)
        error = cover(mount, target);
    sys_close(target);
    return error;
}
