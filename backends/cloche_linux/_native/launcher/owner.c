/* The name of a user, where it is in a file; whom others know, Python asks for. */
#include "container.h"

enum { USERS_ROOM = 1 << 16, COLONS = 6 };

static char users[USERS_ROOM];

/* Cuts the next line off; NULL at the end. */
static char *next_line(char **at, const char *end)
{
    char *line = *at;
    if (line >= end)
        return NULL;
    size_t length = text_find(line, (size_t)(end - line), '\n');
    line[length] = '\0'; /* there is room for one after the last, too */
    *at = line + length + 1;
    return line;
}

/* Where the C library looks first: `passwd: files …`; without the file it is that, too. Source: nsswitch.conf(5) */
static int is_in_file(void)
{
    static const char before[] = "passwd:";
    long size = read_file(AT_FDCWD, "/etc/nsswitch.conf", users, sizeof users - 1);
    if (size == -ENOENT)
        return 1;
    char *at = users, *line;
    while (size > 0 && (line = next_line(&at, users + size)) != NULL) {
        if (text_length(line) < sizeof before - 1 || memcmp(line, before, sizeof before - 1) != 0)
            continue;
        line += sizeof before - 1;
        while (*line == ' ' || *line == '\t')
            line++;
        return memcmp(line, "files", text_length(line) < 5 ? text_length(line) : 5) == 0
               && text_length(line) >= 5 && (line[5] == ' ' || line[5] == '\t' || line[5] == '\0');
    }
    return 0;
}

static int count_colons(const char *line)
{
    int count = 0;
    for (; *line; line++)
        count += *line == ':';
    return count;
}

/* Whether a line is this user's; cuts it behind the name. */
static int is_of(char *line, const char *number)
{
    size_t length = text_length(line), name = text_find(line, length, ':');
    if (name == 0 || name == length || count_colons(line) != COLONS)
        return 0;
    char *user = line + name + 1;
    user += text_find(user, text_length(user), ':') + 1;
    size_t digits = text_find(user, text_length(user), ':');
    if (digits != text_length(number) || memcmp(user, number, digits) != 0)
        return 0;
    line[name] = '\0';
    return 1;
}

static int is_plain(const char *name)
{
    for (const char *at = name; *at; at++)
        if (*at <= ' ' || *at > '~' || *at == '"' || *at == '\\')
            return 0;
    return *name != '+' && *name != '-' && *name != '#';
}

const char *user_name(uint64_t user)
{
    char number[NUMBER_ROOM];
    text_append_number(number, 0, sizeof number, user);
    if (!is_in_file())
        hand_over();
    long size = read_file(AT_FDCWD, "/etc/passwd", users, sizeof users - 1);
    char *at = users, *line;
    while (size > 0 && (line = next_line(&at, users + size)) != NULL)
        if (is_of(line, number) && is_plain(line))
            return line;
    hand_over();
}
