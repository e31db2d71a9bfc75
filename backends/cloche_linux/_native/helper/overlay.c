/* Overlays, and the private tmpfs that their upper directories may lie on. */
#include "helper.h"

/* Stacked on "/" like the root to be: it needs no directory of the host, and goes with the host's root when
 * that is detached, while overlays keep what they need of it. */
int step_scratch(struct helper *h, const struct record *r)
{
    int fs = sys_fsopen("tmpfs");
    if (fs < 0)
        return fs;
    int error = filesystem_options(h, fs, r->data);
    if (error)
        return sys_close(fs), error;
    int mount = filesystem_mount(h, fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    if (mount < 0)
        return mount;
    int root = sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    error = root < 0 ? root : sys_move_mount(mount, root);
    sys_close(root);
    h->scratch = mount;
    return error;
}

/* Gives overlay a layer: by descriptor since 6.13, else by a path that names the descriptor, since a string may
 * have 255 characters only and a colon in a path would be two layers. Before 6.5 overlay takes strings alone. */
static int set_layer(struct helper *h, int fs, const char *key, int fd)
{
    int error = sys_fsconfig(fs, FSCONFIG_SET_FD, key, 0, fd);
    if (error == -EINVAL || error == -EBADF || error == -EOPNOTSUPP) {
        char path[32] = "/proc/self/fd/";
        text_append_number(path, text_length(path), sizeof path, (uint64_t)fd);
        error = filesystem_set(h, fs, key, path);
    }
    return error;
}

/* Before 6.5 there is no `lowerdir+`: all layers are one string, of descriptors' names to keep it short. */
static int set_lowers_together(struct helper *h, int fs, const int *layers, unsigned count)
{
    char joined[256] = "";
    size_t length = 0;
    for (unsigned i = 0; i < count; i++) {
        length = text_append(joined, length, sizeof joined, i ? ":/proc/self/fd/" : "/proc/self/fd/", i ? 15 : 14);
        length = length ? text_append_number(joined, length, sizeof joined, (uint64_t)layers[i]) : 0;
        if (!length)
            return -E2BIG;
    }
    return filesystem_set(h, fs, "lowerdir", joined);
}

static int set_lowers(struct helper *h, int fs, const int *layers, unsigned count)
{
    int error = sys_fsconfig(fs, FSCONFIG_SET_FD, "lowerdir+", 0, layers[0]);
    /* Before 6.5 any key is taken here and only the mount fails, so the string is not tried. */
    if (error == -EINVAL || error == -EBADF)
        error = set_layer(h, fs, "lowerdir+", layers[0]);
    if (error == -EINVAL || error == -EOPNOTSUPP)
        return set_lowers_together(h, fs, layers, count);
    for (unsigned i = 1; i < count && !error; i++)
        error = set_layer(h, fs, "lowerdir+", layers[i]);
    return error;
}

enum { LAYERS = 500 }; /* the kernel's own limit, OVL_MAX_STACK */

static int open_layers(struct helper *h, struct span list, int *layers)
{
    unsigned count = 0;
    for (const char *path = list_begin(&h->plan, list); path; path = list_next(&h->plan, list, path)) {
        int fd = count < LAYERS ? sys_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0) : -E2BIG;
        if (fd < 0) {
            h->path = path;
            return fd;
        }
        layers[count++] = fd;
    }
    return count ? (int)count : -EINVAL;
}

/* Makes and opens a directory of the private tmpfs, one pair for each overlay. */
static int make_scratch(struct helper *h, char letter)
{
    char name[12] = {letter};
    text_append_number(name, 1, sizeof name, h->overlays);
    int error = (int)CALL(mkdirat, h->scratch, name, 0755);
    return error ? error : sys_open(h->scratch, name, O_PATH | O_DIRECTORY, 0);
}

/* An overlay's root has mode and owner of its upper directory: those of the topmost layer are meant. An owner
 * that the user namespace does not know (EINVAL) can't be had there: it becomes the container's root. */
static int copy_owner(int from, int to)
{
    struct statx layer;
    int error = sys_statx(from, STATX_MODE | STATX_UID | STATX_GID, &layer);
    char path[32] = "/proc/self/fd/";
    text_append_number(path, text_length(path), sizeof path, (uint64_t)to);
    if (!error && (layer.stx_uid || layer.stx_gid))
        error = (int)CALL(fchownat, to, "", layer.stx_uid, layer.stx_gid, AT_EMPTY_PATH);
    if (error == -EINVAL)
        error = 0;
    if (!error && (layer.stx_mode & 07777) != 0755)
        error = (int)CALL(fchmodat, AT_FDCWD, path, layer.stx_mode & 07777);
    return error;
}

static int set_pair(struct helper *h, int fs, const int *pair)
{
    for (int i = 0; i < 2; i++) {
        int error = pair[i] < 0 ? pair[i] : set_layer(h, fs, i ? "workdir" : "upperdir", pair[i]);
        if (error)
            return error;
    }
    return 0;
}

static int set_writable(struct helper *h, int fs, const struct record *r, int topmost, int *pair)
{
    if (r->flags & USE_SCRATCH) {
        h->overlays++;
        pair[0] = make_scratch(h, 'u');
        int error = pair[0] < 0 ? pair[0] : copy_owner(topmost, pair[0]);
        pair[1] = error ? error : make_scratch(h, 'w');
        return error ? error : set_pair(h, fs, pair);
    }
    const char *upper = list_begin(&h->plan, r->more);
    const char *work = upper ? list_next(&h->plan, r->more, upper) : 0;
    if (!work)
        return upper ? -EINVAL : 0;
    h->path = upper;
    pair[0] = sys_open(AT_FDCWD, upper, O_PATH | O_DIRECTORY, 0);
    pair[1] = sys_open(AT_FDCWD, work, O_PATH | O_DIRECTORY, 0);
    int error = set_pair(h, fs, pair);
    if (!error)
        h->path = 0;
    return error;
}

static int configure(struct helper *h, int fs, const struct record *r, const int *layers, unsigned count, int *pair)
{
    int error = filesystem_set(h, fs, "source", "overlay");
    if (!error)
        error = set_lowers(h, fs, layers, count);
    if (!error)
        error = set_writable(h, fs, r, layers[0], pair);
    return error ? error : filesystem_options(h, fs, r->data);
}

/* Returns the overlay, attached nowhere. Before 6.5 names are looked up by the mount, so what they name stays open
 * until then. */
int overlay_of(struct helper *h, const struct record *r, const int *layers, unsigned count)
{
    int pair[2] = {-1, -1};
    int fs = sys_fsopen("overlay");
    if (fs < 0)
        return fs;
    int mount = configure(h, fs, r, layers, count, pair);
    if (mount)
        sys_close(fs);
    else
        mount = filesystem_mount(h, fs, r->first);
    sys_close(pair[0]);
    sys_close(pair[1]);
    return mount;
}

int overlay_mount(struct helper *h, const struct record *r)
{
    int layers[LAYERS];
    int count = open_layers(h, r->source, layers);
    if (count < 0)
        return count;
    int mount = overlay_of(h, r, layers, (unsigned)count);
    for (int i = 0; i < count; i++)
        sys_close(layers[i]);
    return mount;
}

int step_overlay(struct helper *h, const struct record *r)
{
    int mount = overlay_mount(h, r);
    return mount < 0 ? mount : attach(mount, make_directory(h, text_of(&h->plan, r->path), 0755));
}
