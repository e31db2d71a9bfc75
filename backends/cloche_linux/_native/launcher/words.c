/* Paths, variables, and the end. */
#include "launcher.h"

void end(int code)
{
    for (;;)
        CALL(exit_group, code);
}

void path_start(struct path *path, const char *text)
{
    path->length = text_append(path->text, 0, sizeof path->text, text, text_length(text));
}

void path_add(struct path *path, const char *text)
{
    if (path->length)
        path->length = text_append(path->text, path->length, sizeof path->text, text, text_length(text));
}

void path_add_number(struct path *path, uint64_t number)
{
    if (path->length)
        path->length = text_append_number(path->text, path->length, sizeof path->text, number);
}

const char *variable(const char *name)
{
    size_t length = text_length(name);
    for (char **each = the_call.environment; *each; each++)
        if (text_length(*each) > length && (*each)[length] == '=' && memcmp(*each, name, length) == 0)
            return *each + length + 1;
    return NULL;
}

int is_there(const char *path)
{
    return CALL(faccessat, AT_FDCWD, path, 0) == 0;
}

const struct path *this_program(void)
{
    static struct path path;
    if (!path.length) {
        long length = CALL(readlinkat, AT_FDCWD, "/proc/self/exe", path.text, sizeof path.text - 1);
        path.length = length > 0 ? (size_t)length : 0;
        path.text[path.length] = '\0';
    }
    return &path;
}

int has_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (CALL(fcntl, fd, F_GETFD) < 0)
            return 0;
    return 1;
}
