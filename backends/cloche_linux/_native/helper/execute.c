/* The last step of a workload. */
#include "helper.h"

struct call {
    const char **arguments;
    const char **environment;
};

static size_t count(const struct plan *plan, struct span list)
{
    size_t items = 0;
    for (const char *item = list_begin(plan, list); item; item = list_next(plan, list, item))
        items++;
    return items;
}

static const char **spread(const struct plan *plan, struct span list, const char **to)
{
    for (const char *item = list_begin(plan, list); item; item = list_next(plan, list, item))
        *to++ = item;
    *to++ = 0;
    return to;
}

int arguments_of(const struct plan *plan, const struct record *r, const char ***arguments, const char ***environment)
{
    size_t pointers = count(plan, r->source) + count(plan, r->data) + 2;
    long memory = CALL(mmap, 0, pointers * sizeof(char *), 3 /* READ | WRITE */, 0x22 /* PRIVATE | ANONYMOUS */, -1, 0);
    if (memory < 0 && memory > -4096)
        return (int)memory;
    *arguments = (const char **)memory;
    *environment = spread(plan, r->source, *arguments);
    spread(plan, r->data, *environment);
    return 0;
}

static int try(const struct call *call, const char *path)
{
    return (int)CALL(execve, path, call->arguments, call->environment);
}

/* Whether it would be executed, as far as that can be told without trying. */
static int look(const struct call *call, const char *path)
{
    struct statx file;
    (void)call;
    int error = (int)CALL(statx, AT_FDCWD, path, 0, STATX_TYPE, &file);
    if (error)
        return error;
    return (file.stx_mode & 0170000) == 0040000 ? -EACCES : (int)CALL(faccessat, AT_FDCWD, path, 1 /* X_OK */);
}

typedef int attempt(const struct call *call, const char *path);

static const char *search_path(const struct call *call)
{
    for (const char **variable = call->environment; *variable; variable++)
        if (memcmp(*variable, "PATH=", text_length(*variable) < 5 ? text_length(*variable) + 1 : 5) == 0)
            return *variable + 5;
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* As execvp(3): a file that may not be executed is remembered, and is the answer if there is no other. An empty
 * directory in the list would be the working directory, and is passed over. */
static int search(const struct call *call, const char *name, attempt *attempt)
{
    static char path[4096];
    int error = -ENOENT;
    const char *directory = search_path(call);
    while (*directory) {
        size_t length = text_find(directory, text_length(directory), ':');
        size_t end = text_append(path, 0, sizeof path, directory, length);
        end = end ? text_append(path, end, sizeof path, "/", 1) : 0;
        if (end && text_append(path, end, sizeof path, name, text_length(name))) {
            int tried = attempt(call, path);
            if (tried != -ENOENT && tried != -ENOTDIR && tried != -EACCES)
                return tried;
            error = tried == -EACCES ? tried : error;
        }
        directory += length + (directory[length] == ':');
    }
    return error;
}

static int find(const struct call *call, const struct helper *h, const struct record *r, attempt *attempt)
{
    const char *program = text_of(&h->plan, r->path);
    int is_path = text_find(program, r->path.length, '/') < r->path.length;
    return is_path ? attempt(call, program) : search(call, program, attempt);
}

/* Then it is what the program wants to be run by that is missing, should execve say that something is. */
int program_is_there(const struct helper *h, const struct record *r)
{
    struct call call;
    return arguments_of(&h->plan, r, &call.arguments, &call.environment) == 0 && find(&call, h, r, look) == 0;
}

int step_find_program(struct helper *h, const struct record *r)
{
    struct call call;
    int error = arguments_of(&h->plan, r, &call.arguments, &call.environment);
    return error ? error : find(&call, h, r, look);
}

int step_execute(struct helper *h, const struct record *r)
{
    struct call call;
    int error = arguments_of(&h->plan, r, &call.arguments, &call.environment);
    if (error)
        return error;
    CALL(umask, h->umask);
    sys_set_signal_mask(0);
    error = find(&call, h, r, try);
    sys_set_signal_mask(~0ull); /* a signal now would end the report */
    return error;
}
