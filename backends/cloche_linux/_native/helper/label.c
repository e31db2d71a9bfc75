/* Labels of security modules, which are set by files of procfs and no other way. */
#include <asm/statfs.h>
#include <linux/magic.h>

#include "helper.h"

/* Beneath a /proc of the host's, opened out there: what the container shows in that place may be a file that takes
 * any label and sets none (CVE-2019-16884), or have something mounted on it (CVE-2025-52881). A label for the next
 * program outlives forks, so this process sets it early and closes the descriptor: nobody inside is to find it. */
int step_label(struct helper *h, const struct record *r)
{
    struct statfs found;
    int procfs = FD_EXTRAS + r->number;
    int fd = (int)CALL(fstatfs, procfs, &found);
    if (!fd && found.f_type != PROC_SUPER_MAGIC)
        fd = -EXDEV;
    if (!fd)
        fd = sys_openat2(procfs, text_of(&h->plan, r->path), O_WRONLY,
                         RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
    sys_close(procfs);
    if (fd < 0)
        return fd;
    long written = sys_write(fd, text_of(&h->plan, r->data), r->data.length);
    sys_close(fd);
    return written < 0 ? (int)written : 0;
}
