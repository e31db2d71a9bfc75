#include "command_line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Backslashes are themselves, except before a quotation mark: there two are one, and an odd one
 * takes its meaning from the mark. */
static const char *take_backslashes(struct text *argument, const char *at, bool *quoted)
{
    size_t count = strspn(at, "\\");
    bool before_mark = at[count] == '"';

    for (size_t i = 0; i < (before_mark ? count / 2 : count); i++)
        text_add(argument, "\\", 1);
    at += count;
    if (!before_mark)
        return at;
    if (count % 2)
        text_add(argument, "\"", 1);
    else
        *quoted = !*quoted;
    return at + 1;
}

static const char *take_argument(struct text *argument, const char *at)
{
    bool quoted = false;

    text_add(argument, "", 0);
    while (*at && (quoted || (*at != ' ' && *at != '\t'))) {
        if (*at == '\\' || *at == '"')
            at = take_backslashes(argument, at, &quoted);
        else
            text_add(argument, at++, 1);
    }
    return at;
}

char **split_command_line(const char *line)
{
    char **arguments = need(calloc(strlen(line) + 2, sizeof *arguments));
    size_t count = 0;

    for (line += strspn(line, " \t"); *line; line += strspn(line, " \t")) {
        struct text argument = {0};

        line = take_argument(&argument, line);
        arguments[count++] = argument.bytes;
    }
    return arguments;
}

void free_arguments(char **arguments)
{
    for (char **argument = arguments; *argument; argument++)
        free(*argument);
    free(arguments);
}
