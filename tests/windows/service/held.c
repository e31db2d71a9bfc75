/* Notifications that are held back: until released, or until the system's next one has passed. */
#include <stdlib.h>

#include "notifications.h"

static struct held {
    struct task note;
    bool until_next;
    struct held *next;
} *held;

void hold(struct task note, bool until_next)
{
    struct held *entry = need(malloc(sizeof *entry)), **link = &held;

    *entry = (struct held){note, until_next, NULL};
    while (*link != NULL)
        link = &(*link)->next;
    *link = entry;
}

void let_go(const struct system *system)
{
    for (struct held **link = &held; *link != NULL;) {
        struct held *entry = *link;

        if (system != NULL && !(entry->until_next && entry->note.system == system)) {
            link = &entry->next;
            continue;
        }
        *link = entry->next;
        schedule(0, entry->note);
        free(entry);
    }
}

void release_notifications(void)
{
    let_go(NULL);
}

int notifications_held(void)
{
    int count = 0;

    for (struct held *entry = held; entry != NULL; entry = entry->next)
        count++;
    return count;
}

void forget_notifications(void)
{
    while (held != NULL) {
        struct held *next = held->next;

        free(held->note.data);
        free(held);
        held = next;
    }
}
