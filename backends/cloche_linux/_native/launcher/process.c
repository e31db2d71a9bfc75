/* Which process is meant, as `cloche/identity.py` has it: pids are used again, and machines reboot. */
#include "container.h"

enum { START_FIELD = 22, COMMAND_FIELD = 2, STAT_ROOM = 1024 };

static int is_this_boot(struct json boot)
{
    char text[64];
    long size = read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof text);
    if (size <= 1 || text[size - 1] != '\n')
        hand_over();
    text[size - 1] = '\0';
    return json_says(boot, text);
}

/* What follows the command, which may hold spaces and parentheses; NULL if there is none. */
static const char *after_command(const char *text, const char *end)
{
    while (end > text && end[-1] != ')')
        end--;
    return end > text ? end : NULL;
}

static uint64_t number_at(const char *at)
{
    uint64_t number = 0;
    while (*at >= '0' && *at <= '9')
        number = number * 10 + (uint64_t)(*at++ - '0');
    return number;
}

/* Fields stand behind a space each. */
static uint64_t start_time(const char *text, const char *end)
{
    const char *at = after_command(text, end);
    if (!at)
        hand_over();
    for (int field = COMMAND_FIELD; field < START_FIELD; field++) {
        while (at < end && *at != ' ')
            at++;
        if (at++ >= end)
            hand_over();
    }
    return number_at(at);
}

/* Whether the process of this pid began when the record says; no if there is none any more. */
static int is_same(const struct record *record)
{
    char text[STAT_ROOM + 1];
    struct path path;
    path_start(&path, "/proc/");
    path_add_number(&path, record->pid);
    path_add(&path, "/stat");
    long size = read_file(AT_FDCWD, path.text, text, STAT_ROOM);
    if (size == -ENOENT || size == -ESRCH)
        return 0;
    if (size <= 0)
        hand_over();
    text[size] = '\0';
    return start_time(text, text + size) == record->start;
}

/* The start time is read after opening: had the pid gone to another process before that, it would differ. */
int open_process(const struct record *record)
{
    if (!is_this_boot(record->boot))
        return -1;
    int pidfd = (int)CALL(pidfd_open, record->pid, 0);
    if (pidfd == -ESRCH)
        return -1;
    if (pidfd < 0)
        hand_over();
    if (is_same(record))
        return pidfd;
    CALL(close, pidfd);
    return -1;
}

int send_signal(int pidfd, int number)
{
    return (int)CALL(pidfd_send_signal, pidfd, number, NULL, 0);
}
