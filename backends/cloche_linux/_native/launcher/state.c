/* `state`: what `cloche/oci/container.py` describes, in the same bytes. */
#include "container.h"

enum { SHOWN_ROOM = RECORD_ROOM + 4096 };

static char shown[SHOWN_ROOM];
static size_t length;

static const char *const names[] = {
    [CREATED] = "\"created\"",
    [RUNNING] = "\"running\"",
    [PAUSED] = "\"paused\"",
    [STOPPED] = "\"stopped\"",
};

static void add(const char *text, size_t size)
{
    length = text_append(shown, length, sizeof shown, text, size);
    if (!length)
        hand_over();
}

static void add_text(const char *text)
{
    add(text, text_length(text));
}

static void add_line(const char *before, struct json value)
{
    add_text(before);
    add(value.at, value.size);
}

static void add_status(const struct container *container)
{
    char number[NUMBER_ROOM] = "0";
    if (container->status != STOPPED)
        text_append_number(number, 0, sizeof number, container->record.pid);
    add_text(",\n  \"pid\": ");
    add_text(number);
    add_text(",\n  \"status\": ");
    add_text(names[container->status]);
}

static void describe(const struct container *container)
{
    const struct record *record = &container->record;
    add_line("{\n  \"ociVersion\": ", record->version);
    add_line(",\n  \"id\": ", record->id);
    add_status(container);
    add_line(",\n  \"bundle\": ", record->bundle);
    add_line(",\n  \"rootfs\": ", record->rootfs);
    add_line(",\n  \"created\": ", record->created);
    add_text(",\n  \"owner\": \"");
    add_text(user_name(record->owner));
    add_text("\"");
    if (record->annotations.size > 2)
        add_line(",\n  \"annotations\": ", record->annotations);
    add_text("\n}\n");
}

/* A reader who is gone is no reason for more than an exit code, so the signal that says so is not to end us; what
 * becomes Python begins with it as it was. */
static long show(void)
{
    uint64_t ignored[4] = {1 /* SIG_IGN */}, before[4];
    enum { SIGNAL_PIPE = 13 };
    CALL(rt_sigaction, SIGNAL_PIPE, ignored, before, sizeof(uint64_t));
    long error = write_all(1, shown, length);
    CALL(rt_sigaction, SIGNAL_PIPE, before, NULL, sizeof(uint64_t));
    return error;
}

void do_state(const struct line *line)
{
    static struct container container;
    if (line->count != 1 || !find_container(line, &container))
        hand_over();
    find_status(&container);
    describe(&container);
    long error = show();
    if (error == -EPIPE)
        end(1);
    if (error < 0)
        hand_over();
    end(0);
}
