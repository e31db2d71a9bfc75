/* What a tmpfs takes over from the directory that it hides (`tmpcopyup`).
 *
 * The source is the image's, and perhaps others write there meanwhile: each file is opened once, without following
 * links, and everything about it is asked of that descriptor. The destination is attached nowhere yet. */
#include "../entry.h"
#include "helper.h"

enum { DEPTH = 128, ROOM = 4096, VALUE = 65536, BATCH = 1 << 30 };
enum { TYPE_MASK = 0170000, TYPE_DIRECTORY = 0040000, TYPE_REGULAR = 0100000, TYPE_LINK = 0120000 };

static int copy_tree(int from, int to, int depth);

/* Opens for reading what a descriptor only names: by name it could be something else by now. */
static int reopen(int fd, int flags)
{
    char path[32] = "/proc/self/fd/";
    text_append_number(path, text_length(path), sizeof path, (uint64_t)fd);
    return sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | flags, 0);
}

static int copy_content(int from, int to)
{
    long sent = 1;
    while (sent > 0)
        sent = CALL(sendfile, to, from, 0, BATCH);
    return (int)sent;
}

static int copy_regular(int file, int to, const char *name)
{
    int from = reopen(file, 0);
    if (from < 0)
        return from;
    int made = sys_open(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    int error = made < 0 ? made : copy_content(from, made);
    sys_close(made);
    sys_close(from);
    return error;
}

static int copy_link(int file, int to, const char *name)
{
    char target[ROOM];
    long size = CALL(readlinkat, file, "", target, sizeof target - 1);
    if (size < 0)
        return (int)size;
    target[size] = '\0';
    return (int)CALL(symlinkat, target, to, name);
}

static int copy_subdirectory(int file, int to, const char *name, int depth)
{
    int error = (int)CALL(mkdirat, to, name, 0700);
    int made = error ? error : sys_open(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (made < 0)
        return made;
    error = copy_tree(file, made, depth + 1);
    sys_close(made);
    return error;
}

static uint64_t number_of(const struct statx *file)
{
    return (uint64_t)file->stx_rdev_major << 8 | (file->stx_rdev_minor & 0xff)
           | (uint64_t)(file->stx_rdev_minor & ~0xffu) << 12;
}

static int copy_file(int fd, const struct statx *file, int to, const char *name, int depth)
{
    switch (file->stx_mode & TYPE_MASK) {
    case TYPE_DIRECTORY:
        return copy_subdirectory(fd, to, name, depth);
    case TYPE_REGULAR:
        return copy_regular(fd, to, name);
    case TYPE_LINK:
        return copy_link(fd, to, name);
    default:
        return (int)CALL(mknodat, to, name, file->stx_mode, number_of(file));
    }
}

/* A file system or a user namespace may not have every kind of attribute, and one that is gone was just taken. */
static int is_refusal(int error)
{
    return error == -EOPNOTSUPP || error == -EPERM || error == -EACCES || error == -ENODATA;
}

static int copy_attribute(const char *from, const char *to, const char *name)
{
    char value[VALUE];
    long size = CALL(getxattr, from, name, value, sizeof value);
    int error = size < 0 ? (int)size : (int)CALL(lsetxattr, to, name, value, size, 0);
    return is_refusal(error) ? 0 : error;
}

/* By paths through descriptors, since these calls take none that only name a file. The last part of the second is
 * not followed; the first ends where the descriptor is. ERANGE for more than a page of names. */
static int copy_attributes(int fd, int to, const char *name)
{
    char names[ROOM], from[32] = "/proc/self/fd/", target[ROOM] = "/proc/self/fd/";
    text_append_number(from, text_length(from), sizeof from, (uint64_t)fd);
    size_t end = text_append_number(target, text_length(target), sizeof target, (uint64_t)to);
    end = text_append(target, end, sizeof target, "/", 1);
    text_append(target, end, sizeof target, name, text_length(name));
    long size = CALL(listxattr, from, names, sizeof names);
    int error = size < 0 && size != -EOPNOTSUPP ? (int)size : 0;
    for (long at = 0; at < size && !error; at += (long)text_length(names + at) + 1)
        error = copy_attribute(from, target, names + at);
    return error;
}

/* Owner before the rest, which a change of owner may cut; time last. An owner that is not mapped stays the maker. */
static int copy_metadata(int fd, const struct statx *file, int to, const char *name)
{
    int64_t times[4] = {0, 0x3ffffffe /* UTIME_OMIT */, file->stx_mtime.tv_sec, file->stx_mtime.tv_nsec};
    int error = (int)CALL(fchownat, to, name, file->stx_uid, file->stx_gid, AT_SYMLINK_NOFOLLOW);
    if (error == -EINVAL)
        error = 0;
    if (!error)
        error = copy_attributes(fd, to, name);
    if (!error && (file->stx_mode & TYPE_MASK) != TYPE_LINK)
        error = (int)CALL(fchmodat, to, name, file->stx_mode & 07777);
    return error ? error : (int)CALL(utimensat, to, name, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_entry(int from, int to, const char *name, int depth)
{
    struct statx file;
    if (text_equal(name, ".") || text_equal(name, ".."))
        return 0;
    int fd = sys_open(from, name, O_PATH | O_NOFOLLOW, 0);
    if (fd < 0)
        return fd;
    int error = sys_statx(fd, STATX_BASIC_STATS, &file);
    if (!error)
        error = copy_file(fd, &file, to, name, depth);
    if (!error)
        error = copy_metadata(fd, &file, to, name);
    sys_close(fd);
    return error;
}

static int copy_tree(int from, int to, int depth)
{
    uint64_t buffer[ROOM / sizeof(uint64_t)];
    int directory = depth > DEPTH ? -ELOOP : reopen(from, O_DIRECTORY);
    if (directory < 0)
        return directory;
    int error = 0;
    long size = 0;
    while (!error && (size = CALL(getdents64, directory, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < size && !error; at += ((struct entry *)((char *)buffer + at))->length)
            error = copy_entry(directory, to, ((struct entry *)((char *)buffer + at))->name, depth);
    sys_close(directory);
    return error ? error : (int)size;
}

int copy_directory(int from, int to)
{
    return copy_tree(from, to, 0);
}
