/* Small files, whole. */
#include "launcher.h"

static long read_all(int fd, char *to, size_t room)
{
    size_t size = 0;
    for (;;) {
        long more = CALL(read, fd, to + size, room - size);
        if (more == -EINTR)
            continue;
        if (more <= 0)
            return more < 0 ? more : (long)size;
        size += (size_t)more;
        if (size == room)
            return -EFBIG;
    }
}

long read_file(int directory, const char *name, char *to, size_t room)
{
    int fd = (int)CALL(openat, directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    long size = read_all(fd, to, room);
    CALL(close, fd);
    return size;
}

int write_all(int fd, const char *text, size_t size)
{
    while (size) {
        long written = CALL(write, fd, text, size);
        if (written == -EINTR)
            continue;
        if (written < 0)
            return (int)written;
        text += written;
        size -= (size_t)written;
    }
    return 0;
}
