/* Steps that run programs of others on the way: hooks. */
#include "../clone.h"
#include "helper.h"

enum { MFD_CLOEXEC_ = 1, WORDS = 200 };

int step_hooks_by_parent(struct helper *h, const struct record *r)
{
    (void)r;
    int error = control_send(h, MESSAGE_HOOKS, 0, -1);
    return error ? error : control_expect(h, MESSAGE_HOOKS_DONE);
}

static int write_all(int fd, const char *text, size_t size)
{
    while (size) {
        long written = sys_write(fd, text, size);
        if (written < 0)
            return (int)written;
        text += written;
        size -= (size_t)written;
    }
    return 0;
}

/* The state as a file, with the id that this process has where it looks from. */
static int state_file(struct helper *h, const struct record *r)
{
    char number[12] = "";
    size_t size = text_append_number(number, 0, sizeof number, (uint64_t)CALL(getpid));
    const char *text = text_of(&h->plan, r->more);
    int fd = (int)CALL(memfd_create, "state", MFD_CLOEXEC_);
    if (fd < 0 || r->first > r->more.length)
        return fd < 0 ? fd : -EINVAL;
    int error = write_all(fd, text, r->first);
    if (!error)
        error = write_all(fd, number, size);
    if (!error)
        error = write_all(fd, text + r->first, r->more.length - r->first);
    if (!error)
        error = (int)CALL(lseek, fd, 0, 0);
    return error < 0 ? error : fd;
}

struct hook {
    const char **arguments;
    const char **environment;
    const char *path;
    int directory;
    int input;
    int output;
};

__attribute__((noreturn)) static void become(const struct hook *hook)
{
    static const char failed[] = "it cannot be executed: errno ";
    char number[12] = "";
    CALL(dup3, hook->input, 0, 0);
    CALL(dup3, hook->output, 1, 0);
    CALL(dup3, hook->output, 2, 0);
    CALL(close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);
    CALL(umask, 022);
    CALL(fchdir, hook->directory);
    sys_set_signal_mask(0);
    int error = (int)CALL(execve, hook->path, hook->arguments, hook->environment);
    text_append_number(number, 0, sizeof number, (uint64_t)-error);
    write_all(1, failed, sizeof failed - 1);
    write_all(1, number, text_length(number));
    sys_exit(127);
}

/* By the old call: filters that hide clone3 are common, and this one they let pass. */
static int fork_hook(const struct hook *hook, int *pidfd)
{
    long pid = CALL(clone, SIGNAL_CHILD | CLONE_GIVE_PIDFD, 0, pidfd, 0, 0);
    if (pid == 0)
        become(hook);
    return (int)pid;
}

static int await(int pid, int pidfd, uint64_t seconds, int *status)
{
    struct {
        long seconds, nanoseconds;
    } limit = {(long)seconds, 0};
    struct pollfd ended = {pidfd, POLLIN, 0};
    long found;
    do
        found = CALL(ppoll, &ended, 1, seconds ? &limit : 0, 0, 0);
    while (found == -EINTR);
    if (found == 0)
        CALL(kill, pid, SIGNAL_KILL);
    long reaped;
    do
        reaped = CALL(wait4, pid, status, 0, 0);
    while (reaped == -EINTR);
    if (found == 0)
        return -ETIMEDOUT;
    return reaped < 0 ? (int)reaped : *status == 0 ? 0 : -ECANCELED;
}

/* What it ended with, and the beginning of what it said. */
static void tell(struct helper *h, const struct hook *hook, int status)
{
    int by_signal = status & 0x7f;
    size_t size = text_append(h->detail, 0, sizeof h->detail, by_signal ? "signal " : "exit ", by_signal ? 7 : 5);
    size = text_append_number(h->detail, size, sizeof h->detail, (uint64_t)(by_signal ? by_signal : status >> 8));
    size = text_append(h->detail, size, sizeof h->detail, ": ", 2);
    long words = CALL(pread64, hook->output, h->detail + size, WORDS, 0);
    h->detail[words > 0 ? size + (size_t)words : size - 2] = 0;
}

static int run(struct helper *h, const struct hook *hook, uint64_t seconds)
{
    int pidfd = -1;
    int pid = fork_hook(hook, &pidfd);
    int status = 0;
    int error = pid < 0 ? pid : await(pid, pidfd, seconds, &status);
    sys_close(pidfd);
    if (error == -ECANCELED)
        tell(h, hook, status);
    if (error)
        h->path = hook->path;
    return error;
}

int step_hook(struct helper *h, const struct record *r)
{
    struct hook hook = {.path = text_of(&h->plan, r->path), .directory = root_directory(h)};
    int error = arguments_of(&h->plan, r, &hook.arguments, &hook.environment);
    if (error)
        return error;
    hook.input = state_file(h, r);
    hook.output = hook.input < 0 ? hook.input : (int)CALL(memfd_create, "words", MFD_CLOEXEC_);
    error = hook.output < 0 ? hook.output : run(h, &hook, r->second);
    sys_close(hook.input);
    sys_close(hook.output);
    return error;
}
