/* The first process of a container: runs one program, forwards signals to it, reaps, and reports.
 *
 *   init FD PROGRAM ARGUMENT...     run the program
 *   init FD                         wait for a signal that ends it
 *   init =HEIGHT WIDTH PROGRAM …    give the terminal a size, then become the program
 *
 * FD is the writing end of a pipe of whoever made the container (-1: nobody wants to know). Lines
 * are written there: "S" when the program runs, "E<errno>" if it can't, "X<wait status>" when it
 * has ended. PID 1 can't end itself by a signal, so only this tells by which its program ended.
 *
 * No C library: it runs in any root, and nothing of it needs initialising. */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/errno.h>
#include <linux/prctl.h>
#include <stddef.h>

#include "begin.h"
#include "system_call.h"

#define EVERY_SIGNAL (~0UL)
#define PATH_LIMIT 4096
#define WNOHANG 1

static long report_fd;

static size_t length(const char *text)
{
    size_t n = 0;
    while (text[n])
        n++;
    return n;
}

static long number(const char *text)
{
    long value = 0;
    if (*text == '-')
        return -1;
    for (; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (*text - '0');
    return value;
}

/* One line, written at once: a pipe keeps what is shorter than PIPE_BUF together. */
static void report(char kind, long value)
{
    char line[24];
    size_t at = sizeof line;
    if (report_fd < 0)
        return;
    line[--at] = '\n';
    do
        line[--at] = (char)('0' + value % 10);
    while (value /= 10);
    line[--at] = kind;
    CALL(write, report_fd, line + at, sizeof line - at);
}

static const char *variable(char **environment, const char *name)
{
    size_t n = length(name);
    for (; *environment; environment++) {
        size_t i = 0;
        while (i < n && (*environment)[i] == name[i])
            i++;
        if (i == n && (*environment)[n] == '=')
            return *environment + n + 1;
    }
    return NULL;
}

/* Executes one candidate of PATH; returns what kept it from running. */
static long try_in(const char *place, size_t n, const char *program, char **arguments, char **env)
{
    char path[PATH_LIMIT];
    size_t at = 0, i;
    if (n + length(program) + 2 > sizeof path)
        return ENAMETOOLONG;
    for (i = 0; i < n; i++)
        path[at++] = place[i];
    if (n)
        path[at++] = '/';
    for (i = 0; program[i]; i++)
        path[at++] = program[i];
    path[at] = 0;
    return -CALL(execve, path, arguments, env);
}

/* As execvp: what was denied is told only if nothing else is found. */
static long run(char **arguments, char **environment)
{
    const char *path = variable(environment, "PATH"), *c;
    long failure = ENOENT, now;
    for (c = arguments[0]; *c; c++)
        if (*c == '/')
            return try_in("", 0, arguments[0], arguments, environment);
    if (!*arguments[0])
        return ENOENT;
    for (c = path ? path : "/usr/bin:/bin"; *c;) {
        size_t n = 0;
        while (c[n] && c[n] != ':')
            n++;
        now = try_in(n ? c : ".", n ? n : 1, arguments[0], arguments, environment);
        if (now != ENOENT && now != ENOTDIR)
            failure = now;
        c += n + (c[n] == ':');
    }
    return failure;
}

/* The child: a group of its own, in front of the terminal if there is one. */
static void become(char **arguments, char **environment, long pipe)
{
    unsigned long none = 0;
    int own = (int)CALL(getpid);
    int failure;
    CALL(setpgid, 0, 0);
    CALL(ioctl, 0, TIOCSPGRP, &own);
    CALL(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
    failure = (int)run(arguments, environment);
    CALL(write, pipe, &failure, sizeof failure);
    CALL(exit_group, failure == ENOENT || failure == ENOTDIR ? 127 : 126);
}

/* Starts the program; returns its pid, or ends with the code that a shell has for the failure. */
static long start(char **arguments, char **environment)
{
    int ends[2], failure = 0;
    long child;
    CALL(pipe2, ends, O_CLOEXEC);
    child = CALL(clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        become(arguments, environment, ends[1]);
    CALL(close, ends[1]);
    if (child < 0)
        failure = (int)-child;
    else if (CALL(read, ends[0], &failure, sizeof failure) != sizeof failure)
        failure = 0;
    CALL(close, ends[0]);
    report(failure ? 'E' : 'S', failure);
    if (failure)
        CALL(exit_group, failure == ENOENT || failure == ENOTDIR ? 127 : 126);
    return child;
}

/* Takes every child that has ended; ends with the program. */
static void reap(long child)
{
    int status;
    long pid;
    while ((pid = CALL(wait4, -1, &status, WNOHANG, 0)) > 0)
        if (pid == child) {
            report('X', status);
            CALL(exit_group, status & 0x7f ? 128 + (status & 0x7f) : (status >> 8) & 0xff);
        }
}

static int is_harmless(long signal)
{
    return signal == SIGWINCH || signal == SIGURG || signal == SIGCONT || signal == SIGPIPE ||
           signal == SIGTTIN || signal == SIGTTOU || signal == SIGTSTP;
}

/* Some runtimes size the terminal of an executed process when that runs already. */
static void become_sized(char **arguments, char **environment)
{
    unsigned short size[4] = {(unsigned short)number(arguments[1] + 1), (unsigned short)number(arguments[2]), 0, 0};
    long failure;
    CALL(ioctl, 0, TIOCSWINSZ, size);
    failure = run(arguments + 3, environment);
    CALL(exit_group, failure == ENOENT || failure == ENOTDIR ? 127 : 126);
}

__attribute__((noreturn, used)) void init_main(long *stack)
{
    long count = stack[0], child = 0, signal;
    char **arguments = (char **)(stack + 1), **environment = arguments + count + 1;
    unsigned long every = EVERY_SIGNAL;
    if (count > 3 && arguments[1][0] == '=')
        become_sized(arguments, environment);
    CALL(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    CALL(rt_sigprocmask, SIG_SETMASK, &every, 0, sizeof every);
    report_fd = count > 1 ? number(arguments[1]) : -1;
    if (report_fd >= 0)
        CALL(fcntl, report_fd, F_SETFD, FD_CLOEXEC);
    if (count > 2)
        child = start(arguments + 2, environment);
    else
        report('S', 0);
    for (;;) {
        signal = CALL(rt_sigtimedwait, &every, 0, 0, sizeof every);
        if (signal == SIGCHLD)
            reap(child);
        else if (signal > 0 && child)
            CALL(kill, child, signal);
        else if (signal > 0 && !is_harmless(signal)) {
            report('X', signal);
            CALL(exit_group, 128 + signal);
        }
    }
}

BEGIN_IN(init_main);
