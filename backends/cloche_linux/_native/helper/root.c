/* Steps that make the container's root and leave the host's. */
#include "helper.h"

int step_propagation(struct helper *h, const struct record *r)
{
    (void)h;
    int root = sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    if (root < 0)
        return root;
    int error = change_attributes(root, 1, 0, 0, r->first, -1);
    sys_close(root);
    return error;
}

/* Lookups begin below what is mounted on "/", so the host's paths still mean what they meant. */
static int attach_root(struct helper *h, const struct record *r, int mount)
{
    h->path = text_of(&h->plan, r->path);
    int over = sys_open(AT_FDCWD, h->path, O_PATH | O_DIRECTORY, 0);
    int error = over < 0 ? over : sys_move_mount(mount, over);
    sys_close(over);
    h->root = mount;
    return error;
}

int step_root_overlay(struct helper *h, const struct record *r)
{
    int mount = overlay_mount(h, r);
    return mount < 0 ? mount : attach_root(h, r, mount);
}

int step_root_bind(struct helper *h, const struct record *r)
{
    h->path = text_of(&h->plan, r->source);
    int source = sys_open(AT_FDCWD, h->path, O_PATH | O_DIRECTORY, 0);
    if (source < 0)
        return source;
    int mount = sys_clone_tree(source, r->flags & RECURSIVE);
    sys_close(source);
    if (mount < 0)
        return mount;
    int error = change_attributes(mount, 0, r->first, 0, 0, -1);
    if (!error)
        error = attach_root(h, r, mount);
    /* Then: what is attached to a shared mount is shared, whatever it was. */
    return error ? error : change_attributes(mount, 1, 0, 0, r->third, -1);
}

int step_root_attributes(struct helper *h, const struct record *r)
{
    int root = root_directory(h);
    return root < 0 ? root : change_attributes(root, 0, r->first, 0, 0, -1);
}

static uint64_t mount_at(const char *path)
{
    struct statx found = {.stx_mnt_id = 0};
    return CALL(statx, AT_FDCWD, path, 0, STATX_MNT_ID, &found) ? 0 : found.stx_mnt_id;
}

/* What can't be detached, for it came along into a user namespace, is covered. */
static int take_away(struct helper *h, const char *path)
{
    h->path = path;
    int error = (int)CALL(umount2, path, MNT_DETACH);
    if (error != -EINVAL && error != -EPERM)
        return error;
    int target = sys_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
    if (target < 0)
        return target;
    error = cover_directory(h, target);
    sys_close(target);
    return error;
}

/* For hosts whose root is the kernel's own, which nothing can replace. Their mounts stay in the namespace, beneath
 * the container's root, and whoever sees a whole proc anywhere may mount one that nothing is hidden of, in a user
 * namespace of his own (mount_too_revealing() of the kernel): so those are taken away. */
static int change_root(struct helper *h, const struct record *r)
{
    int error = 0;
    for (const char *path = list_begin(&h->plan, r->data); path && !error; path = list_next(&h->plan, r->data, path))
        error = take_away(h, path);
    return error ? error : (int)CALL(chroot, ".");
}

/* The old root lands on top of the new one, in the same place, and is detached from there: no directory in the
 * image is needed to put it in (pivot_root(2), "pivot_root(".", ".")"). What was stacked on the old root, like
 * the private tmpfs, is on top of that and goes first; "/.." is where the stack ends. */
int step_pivot(struct helper *h, const struct record *r)
{
    int error = (int)CALL(fchdir, root_directory(h));
    if (!error && r->flags & NO_PIVOT)
        return change_root(h, r);
    if (!error)
        error = (int)CALL(pivot_root, ".", ".");
    while (!error && mount_at("/..") != mount_at("/"))
        error = (int)CALL(umount2, ".", MNT_DETACH);
    return error ? error : (int)CALL(chdir, "/");
}

/* Of a container whose root is not that of its mount namespace: entering the namespace led to the host's. */
int step_enter_root(struct helper *h, const struct record *r)
{
    (void)h;
    int error = (int)CALL(fchdir, FD_EXTRAS + r->number);
    return error ? error : (int)CALL(chroot, ".");
}
