/* Processes that really run. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command_line.h"
#include "platform.h"
#include "text.h"

struct child {
    pid_t pid;
};

/* Of two settings of one name the first counts: what the block names goes before our own. */
static char **merged_environment(const char *block)
{
    size_t count = 0, room = 1;
    char **merged;

    for (const char *entry = block; *entry; entry += strlen(entry) + 1)
        room++;
    for (char **entry = environ; *entry; entry++)
        room++;
    merged = need(calloc(room, sizeof *merged));
    for (const char *entry = block; *entry; entry += strlen(entry) + 1)
        merged[count++] = (char *)(uintptr_t)entry;
    for (char **entry = environ; *entry; entry++)
        merged[count++] = *entry;
    return merged;
}

static void connect_ends(posix_spawn_file_actions_t *actions, const channel ends[3])
{
    for (int i = 0; i < 3; i++)
        if (ends[i] != NO_CHANNEL)
            posix_spawn_file_actions_adddup2(actions, (int)ends[i], i);
        else
            posix_spawn_file_actions_addopen(actions, i, "/dev/null", i ? O_WRONLY : O_RDONLY, 0);
}

/* Of its own group, so that a signal reaches what it has started, too. */
static void set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, defaults;

    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &defaults);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETPGROUP);
}

static pid_t spawn(char **arguments, char **environment, const char *folder, const channel ends[3])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = -1;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    set_signals(&attributes);
    connect_ends(&actions, ends);
    if (folder != NULL && is_directory(folder))
        posix_spawn_file_actions_addchdir_np(&actions, folder);
    error = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error == 0 ? pid : -1;
}

struct child *start_child(const char *command_line, const char *environment, const char *folder,
                          channel input, channel output, channel errors)
{
    char **arguments = split_command_line(command_line);
    char **merged = merged_environment(environment);
    const channel ends[3] = {input, output, errors};
    pid_t pid = arguments[0] ? spawn(arguments, merged, folder, ends) : -1;
    struct child *child = NULL;

    if (pid > 0) {
        child = need(malloc(sizeof *child));
        child->pid = pid;
    }
    free(merged);
    free_arguments(arguments);
    return child;
}

uint32_t wait_for_child(struct child *child)
{
    siginfo_t end = {0};

    while (waitid(P_PID, (id_t)child->pid, &end, WEXITED) != 0 && errno == EINTR)
        continue;
    return (uint32_t)(end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status);
}

void kill_child(struct child *child)
{
    kill(-child->pid, SIGKILL);
}

void interrupt_child(struct child *child, const char *signal)
{
    kill(-child->pid, strcmp(signal, "CtrlC") == 0 ? SIGINT : SIGTERM);
}

void pause_child(struct child *child, bool paused)
{
    kill(-child->pid, paused ? SIGSTOP : SIGCONT);
}
