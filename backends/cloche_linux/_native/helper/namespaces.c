/* Steps that enter and make namespaces, and the forks that this takes. */
#include "../clone.h"
#include "helper.h"

/* The signal is cleared by forks and changes of credentials, so it is asked for again after each. The pipe
 * tells of a parent that ended before that: getppid is 0 from inside a pid namespace, so it cannot. */
int watch_parent(struct helper *h, int signal)
{
    if (h->lifetime < 0)
        return 0;
    int error = sys_prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0);
    struct pollfd lifetime = {h->lifetime, POLLIN, 0};
    struct {
        long seconds, nanoseconds;
    } at_once = {0, 0};
    if (error)
        return error;
    return CALL(ppoll, &lifetime, 1, &at_once, 0, 0) > 0 ? -ESRCH : 0;
}

int step_unshare(struct helper *h, const struct record *r)
{
    (void)h;
    return (int)CALL(unshare, r->first);
}


int step_attach_cgroup(struct helper *h, const struct record *r)
{
    (void)h;
    long written = sys_write(FD_EXTRAS + r->number, "0", 1);
    return written < 0 ? (int)written : 0;
}

/* Before anything is unshared: the parent moves this very process, and a namespace of groups begins where it is. */
int step_group_by_parent(struct helper *h, const struct record *r)
{
    (void)r;
    int error = control_send(h, MESSAGE_NEED_GROUP, 0, -1);
    return error ? error : control_expect(h, MESSAGE_GROUP_DONE);
}

static int write_file(struct helper *h, const char *path, const char *text, size_t size)
{
    h->path = path;
    int fd = sys_open(AT_FDCWD, path, O_WRONLY, 0);
    if (fd < 0)
        return fd;
    long written = sys_write(fd, text, size);
    sys_close(fd);
    if (written < 0)
        return (int)written;
    h->path = 0;
    return 0;
}

int step_oom_score(struct helper *h, const struct record *r)
{
    char text[24] = "-";
    size_t sign = r->number < 0;
    size_t size = text_append_number(text, sign, sizeof text, (uint64_t)(sign ? -(int64_t)r->number : r->number));
    return write_file(h, "/proc/self/oom_score_adj", text, size);
}

int step_time_offsets(struct helper *h, const struct record *r)
{
    return write_file(h, "/proc/self/timens_offsets", text_of(&h->plan, r->data), r->data.length);
}

static int write_map(struct helper *h, const char *path, uint64_t outside)
{
    char text[48] = "0 ";
    size_t size = text_append_number(text, 2, sizeof text, outside);
    size = text_append(text, size, sizeof text, " 1", 2);
    return write_file(h, path, text, size);
}

/* An exec by ids that are not mapped loses every capability: become root first. */
static int become_root(int may_set_groups)
{
    int error = may_set_groups ? (int)CALL(setgroups, 0, 0) : 0;
    if (!error)
        error = (int)CALL(setresgid, 0, 0, 0);
    return error ? error : (int)CALL(setresuid, 0, 0, 0);
}

static int join(const struct record *r)
{
    return (int)CALL(setns, FD_EXTRAS + r->number, r->first);
}

/* What is mounted by ids that are not mapped can't be (EOVERFLOW), so in another's user namespace, too, root does
 * it; who made that may have forbidden all groups (EPERM). */
int step_join(struct helper *h, const struct record *r)
{
    int error = join(r);
    if (error || r->first != CLONE_USER_NAMESPACE)
        return error;
    h->has_joined_user = 1;
    error = become_root(1);
    return error == -EPERM ? become_root(0) : error;
}

int step_join_process(struct helper *h, const struct record *r)
{
    h->has_joined_user = (r->first & CLONE_USER_NAMESPACE) != 0;
    return join(r);
}

int step_map_self(struct helper *h, const struct record *r)
{
    int error = write_file(h, "/proc/self/setgroups", "deny", 4); /* else gid_map is refused */
    if (!error)
        error = write_map(h, "/proc/self/uid_map", r->first);
    if (!error)
        error = write_map(h, "/proc/self/gid_map", r->second);
    return error ? error : become_root(0);
}

int step_map_by_parent(struct helper *h, const struct record *r)
{
    (void)r;
    int error = control_send(h, MESSAGE_NEED_MAPS, 0, -1);
    if (!error)
        error = control_expect(h, MESSAGE_MAPS_DONE);
    return error ? error : become_root(1);
}

/* Memory belongs to the user namespace that executed it, and who may ptrace or setns to a process that is not
 * dumpable is asked there: so the owner of the container's namespace may, and nobody inside. */
int step_reexecute(struct helper *h, const struct record *r)
{
    (void)r;
    char extras[12] = "", from[12] = "";
    text_append_number(extras, 0, sizeof extras, h->extras);
    text_append_number(from, 0, sizeof from, h->at + 1);
    const char *arguments[] = {"cloche-init", extras, from, 0};
    const char *environment[] = {0};
    return (int)CALL(execveat, FD_IMAGE, "", arguments, environment, AT_EMPTY_PATH);
}

int announce(struct helper *h, int pid, int pidfd, uint32_t flags)
{
    struct message message;
    memset(&message, 0, sizeof message);
    message.kind = MESSAGE_CHILD;
    message.number = pid;
    message.flags = flags;
    return control_send_message(h, &message, pidfd);
}

/* The child says nothing before it has been announced: its own words would be taken for those of
 * another, and nobody would know that it is there to be reaped. */
int was_announced(const int *pipe)
{
    char word;
    sys_close(pipe[1]);
    long told = sys_read(pipe[0], &word, sizeof word);
    sys_close(pipe[0]);
    return told == sizeof word;
}

/* A sibling, so that the embedding process, or the keeper, is the parent and gets the exit; its pidfd is sent by
 * the only process that cannot have been reaped in between, this one. */
int step_fork(struct helper *h, const struct record *r)
{
    int pipe[2], pidfd = -1;
    struct clone_request request = {
        .flags = CLONE_SIBLING | CLONE_GIVE_PIDFD | (r->flags & NEW_PID_NAMESPACE ? CLONE_PID_NAMESPACE : 0),
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
    };
    int error = (int)CALL(pipe2, pipe, O_CLOEXEC);
    long pid = error ? error : CALL(clone3, &request, sizeof request);
    if (pid < 0)
        return (int)pid;
    if (pid > 0) {
        error = announce(h, (int)pid, pidfd, r->flags & NEW_PID_NAMESPACE ? MESSAGE_NEW_PID_NAMESPACE : 0);
        if (!error)
            error = keeper_tell(h, (int)pid);
        sys_exit(error < 0 || sys_write(pipe[1], "", 1) != 1);
    }
    if (!was_announced(pipe))
        sys_exit(1);
    CALL(setsid);
    if (watch_parent(h, SIGNAL_KILL) < 0)
        sys_exit(1);
    return 0;
}

/* Without keyrings, or under a filter that forbids them for good, there is none to keep apart. */
int step_session_keyring(struct helper *h, const struct record *r)
{
    (void)h, (void)r;
    long key = CALL(keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, 0);
    return key < 0 && key != -ENOSYS && key != -EPERM ? (int)key : 0;
}
