/* The callback of every compute system and process: copies what it is told, posts it, returns.
 *
 * It runs on the service's own threads, at any time, also while the interpreter ends: it never
 * needs the interpreter's lock, and never waits for anybody.
 */
#include "binding.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_int closed;

static cloche_notification *copy(uint32_t type, void *key, uint32_t status, const uint16_t *data)
{
    size_t length = data ? cloche_length(data) : 0;
    cloche_notification *made = malloc(sizeof *made + length * sizeof *data);
    if (!made)
        return NULL;
    made->key = (uintptr_t)key;
    made->type = type;
    made->status = status;
    made->has_data = data != NULL;
    made->length = length;
    if (length)
        memcpy(made->data, data, length * sizeof *data);
    return made;
}

/* Without memory a notification is lost, like one that never came: waiters have a time limit. */
void SERVICE_CALL cloche_notify(uint32_t type, void *key, uint32_t status, const uint16_t *data)
{
    if (atomic_load(&closed))
        return;
    cloche_notification *made = copy(type, key, status, data);
    if (made && !queue_put(made))
        free(made);
}

/* An open gate may find the wake-up of an earlier closing: that is nobody's notification. */
cloche_notification *cloche_next(int milliseconds)
{
    cloche_notification *taken = NULL;
    while (!taken && !atomic_load(&closed)) {
        taken = queue_take(milliseconds);
        if (milliseconds >= 0)
            break;
    }
    return taken;
}

void cloche_release(cloche_notification *notification)
{
    free(notification);
}

void cloche_open_gate(void)
{
    atomic_store(&closed, 0);
}

void cloche_close_gate(void)
{
    atomic_store(&closed, 1);
    queue_put(NULL);
}
