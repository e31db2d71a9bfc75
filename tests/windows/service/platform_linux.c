#define _GNU_SOURCE
#include "platform.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"
#include "text.h"

enum { TICK = 10, PIECE = 4096 };

uint64_t milliseconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void sleep_milliseconds(int milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

    nanosleep(&time, NULL);
}

/* ---- memory ---- */

static void (*hears_of_freed)(void *memory);

void *string_memory(size_t size)
{
    return malloc(size);
}

void watch_string_memory(void (*freed)(void *memory))
{
    hears_of_freed = freed;
}

/* What the binding frees strings with, where there is no COM. */
EXPORT void CoTaskMemFree(void *memory)
{
    if (memory != NULL && hears_of_freed != NULL)
        hears_of_freed(memory);
    free(memory);
}

/* ---- files ---- */

bool is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_absolute(const char *path)
{
    return *path == '/';
}

bool is_link(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool make_directory(const char *path)
{
    return mkdir(path, 0777) == 0;
}

bool remove_directory(const char *path)
{
    return rmdir(path) == 0;
}

bool remove_file(const char *path)
{
    return unlink(path) == 0;
}

FILE *open_file(const char *path, const char *mode)
{
    char closing[8];

    snprintf(closing, sizeof closing, "%se", mode); /* not for programs that are started */
    return fopen(path, closing);
}

char *join_path(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    const char *slash = length == 0 || folder[length - 1] == '/' ? "" : "/";

    return *name == '/' ? copy_string(name) : print_string("%s%s%s", folder, slash, name);
}

void visit_directory(const char *path, visitor visit, void *context)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;

        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            visit(context, name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

bool has_layer_privileges(void)
{
    return true;
}

/* ---- pipes ---- */

/* Zero is no handle, and one and two are nobody's to close. */
static int above_standard(int descriptor)
{
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);

    close(descriptor);
    return moved;
}

bool make_pipe(struct pipe_ends *ends, bool client_writes)
{
    struct stat status;
    int both[2];

    if (pipe2(both, O_CLOEXEC) != 0)
        return false;
    for (int i = 0; i < 2; i++)
        both[i] = both[i] < 3 ? above_standard(both[i]) : both[i];
    fstat(both[0], &status);
    *ends = (struct pipe_ends){both[client_writes], both[!client_writes], status.st_ino,
                               client_writes};
    return true;
}

struct search {
    const struct pipe_ends *ends;
    bool found;
};

/* A duplicate counts, the guest's own end does not: they differ in what can be done with them. */
static void look_at(void *context, const char *name)
{
    struct search *search = context;
    int descriptor = atoi(name), mode;
    struct stat status;

    if (fstat(descriptor, &status) != 0 || !S_ISFIFO(status.st_mode) ||
        status.st_ino != search->ends->identity)
        return;
    mode = fcntl(descriptor, F_GETFL) & O_ACCMODE;
    search->found |= mode == (search->ends->client_writes ? O_WRONLY : O_RDONLY);
}

bool client_end_is_open(const struct pipe_ends *ends)
{
    struct search search = {ends, false};

    visit_directory("/proc/self/fd", look_at, &search);
    return search.found;
}

void close_channel(channel *end)
{
    if (*end != NO_CHANNEL)
        close((int)*end);
    *end = NO_CHANNEL;
}

static bool becomes(channel end, short event)
{
    struct pollfd descriptor = {(int)end, event, 0};

    return poll(&descriptor, 1, TICK) > 0;
}

/* A pipe that is ready for writing takes PIPE_BUF bytes without waiting. */
int write_channel(channel end, const char *bytes, size_t length)
{
    if (!becomes(end, POLLOUT))
        return 0;
    return (int)write((int)end, bytes, length > PIECE ? PIECE : length);
}

int read_channel(channel end, char *bytes, int room)
{
    ssize_t count;

    if (!becomes(end, POLLIN))
        return 0;
    count = read((int)end, bytes, (size_t)room);
    return count > 0 ? (int)count : -1;
}
