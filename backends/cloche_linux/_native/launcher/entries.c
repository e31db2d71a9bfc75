#include "entries.h"

#include "../entry.h"
#include "launcher.h"

enum { BUFFER = 4096 };

static int is_dots(const char *name)
{
    return text_equal(name, ".") || text_equal(name, "..");
}

void each_entry(int directory, void (*function)(void *context, const char *name, int kind), void *context)
{
    char buffer[BUFFER] __attribute__((aligned(8)));
    for (;;) {
        long size = CALL(getdents64, directory, buffer, sizeof buffer);
        if (size <= 0) {
            if (size < 0 && size != -ENOENT) /* it is gone itself */
                hand_over();
            return;
        }
        for (long at = 0; at < size;) {
            const struct entry *entry = (const void *)(buffer + at);
            if (!is_dots(entry->name))
                function(context, entry->name, entry->type);
            at += entry->length;
        }
    }
}
