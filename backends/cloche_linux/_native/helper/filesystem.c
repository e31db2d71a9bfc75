/* New file systems and the attributes of mounts, by descriptor.
 *
 * One option a call: a joined string of options ends at one page and lets a comma in a path add an option. */
#include "helper.h"

/* The kernel's own explanation, of which the last is the best; each line begins with a letter for its level. */
static int explain(struct helper *h, int fs, int error)
{
    char line[sizeof h->detail];
    long size;
    while ((size = sys_read(fs, line, sizeof line - 1)) > 2) {
        line[size] = '\0';
        memcpy(h->detail, line + 2, (size_t)size - 1);
        h->detail[text_find(h->detail, (size_t)size - 2, '\n')] = '\0';
    }
    return error;
}

int filesystem_set(struct helper *h, int fs, const char *key, const char *value)
{
    unsigned command = *value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
    int error = sys_fsconfig(fs, command, key, *value ? value : 0, 0);
    if (error)
        h->path = key;
    return error ? explain(h, fs, error) : 0;
}

int filesystem_options(struct helper *h, int fs, struct span options)
{
    int error = 0;
    const char *key = list_begin(&h->plan, options);
    while (key && !error) {
        const char *value = list_next(&h->plan, options, key);
        if (!value)
            return -EINVAL;
        error = filesystem_set(h, fs, key, value);
        key = list_next(&h->plan, options, value);
    }
    return error;
}

/* Creates the file system and returns it as a mount that is attached nowhere; `fs` is closed in any case. */
int filesystem_mount(struct helper *h, int fs, uint64_t attributes)
{
    int mount = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
    if (!mount)
        mount = sys_fsmount(fs, attributes);
    if (mount < 0)
        explain(h, fs, mount);
    sys_close(fs);
    return mount;
}

/* Gives the file system of a mount other options; of those that are not named it keeps what it has. */
int filesystem_reconfigure(struct helper *h, int mount, struct span options)
{
    int fs = sys_fspick(mount);
    if (fs < 0)
        return fs;
    int error = filesystem_options(h, fs, options);
    if (!error)
        error = sys_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, 0, 0, 0);
    if (error)
        explain(h, fs, error);
    sys_close(fs);
    return error;
}

/* Attaches a mount and closes both. */
int attach(int mount, int target)
{
    int error = target < 0 ? target : sys_move_mount(mount, target);
    if (target >= 0)
        sys_close(target);
    sys_close(mount);
    return error;
}

/* `idmap` is a user namespace or -1. Does nothing if nothing is to change. */
int change_attributes(int mount, int recursive, uint64_t set, uint64_t clear, uint64_t propagation, int idmap)
{
    struct mount_attributes attributes = {set, clear, propagation, 0};
    if (set & MOUNT_ATTR__ATIME) /* one field, not three bits: it is replaced as a whole */
        attributes.clear |= MOUNT_ATTR__ATIME;
    if (idmap >= 0) {
        attributes.set |= MOUNT_ATTR_IDMAP;
        attributes.user_namespace = (uint64_t)idmap;
    }
    if (!attributes.set && !attributes.clear && !propagation)
        return 0;
    return sys_mount_setattr(mount, recursive, &attributes);
}
