/* One at a time starts a container, or takes it away. */
#include <linux/stat.h>

#include "container.h"

enum { LOCK_EXCLUSIVE = 2 /* LOCK_EX */ };

void lock_container(const struct container *container)
{
    struct statx found;
    long error;
    do
        error = CALL(flock, container->directory, LOCK_EXCLUSIVE);
    while (error == -EINTR);
    if (error < 0)
        hand_over();
    error = CALL(statx, container->directory, "", AT_EMPTY_PATH, STATX_NLINK, &found);
    if (error < 0 || found.stx_nlink == 0) /* it is gone */
        hand_over();
}
