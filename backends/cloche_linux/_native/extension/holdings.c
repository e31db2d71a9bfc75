/* What this process keeps open for its children: the helper's image, the null device and the lifetime pipe.
 *
 * Made when first needed, and made again if the descriptors are no longer ours: programs that turn into daemons
 * close everything, and whatever opens next gets the same numbers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extension.h"


struct kept {
    int fd;
    dev_t device;
    ino_t inode;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept image = {.fd = -1}, null_device = {.fd = -1}, reading = {.fd = -1}, writing = {.fd = -1};

static char image_path[4096];

static int is_ours(const struct kept *kept)
{
    struct stat found;
    return kept->fd >= 0 && fstat(kept->fd, &found) == 0 && found.st_dev == kept->device
           && found.st_ino == kept->inode;
}

static int keep(struct kept *kept, int fd)
{
    struct stat found;
    if (fd < 0)
        return -errno;
    kept->fd = move_above(fd, FIRST_KEPT);
    int error = kept->fd < 0 || fstat(kept->fd, &found) < 0 ? -errno : 0;
    if (!error) {
        kept->device = found.st_dev;
        kept->inode = found.st_ino;
    }
    return error;
}

/* Without MFD_EXEC, newer kernels warn and may be set to refuse execution; older ones do not know the flag. */
static int create_sealable(void)
{
    int fd = create_memfd("cloche-init", MFD_ALLOW_SEALING_ | MFD_EXEC_);
    if (fd < 0 && errno == EINVAL)
        fd = create_memfd("cloche-init", MFD_ALLOW_SEALING_);
    return fd;
}

/* Sealed, a container that gets hold of its own /proc/self/exe has a copy it cannot write to (CVE-2019-5736). */
static int copy_and_seal(int from, int to)
{
    ssize_t copied;
    while ((copied = sendfile(to, from, NULL, 1 << 30)) > 0)
        ;
    if (copied < 0)
        return -1;
    return fcntl(to, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

static int create_image(void)
{
    int from = open(image_path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return -1;
    int to = create_sealable();
    int result = to < 0 ? -1 : copy_and_seal(from, to);
    int error = errno;
    close(from);
    if (result < 0 && to >= 0)
        close(to);
    errno = error;
    return result < 0 ? -1 : to;
}

int cloche_use_helper(const char *path)
{
    size_t length = strlen(path);
    if (length >= sizeof image_path)
        return -ENAMETOOLONG;
    memcpy(image_path, path, length + 1);
    return 0;
}

static int make_lifetime(void)
{
    int ends[2];
    if (is_ours(&writing)) /* else only one end was lost, and the children of the other go on */
        close(writing.fd);
    if (is_ours(&reading))
        close(reading.fd);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    int error = keep(&reading, ends[0]);
    int other = keep(&writing, ends[1]);
    return error ? error : other;
}

static int make_missing(void)
{
    int error = is_ours(&image) ? 0 : keep(&image, create_image());
    if (!error && !is_ours(&null_device))
        error = keep(&null_device, open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!error && !(is_ours(&reading) && is_ours(&writing)))
        error = make_lifetime();
    return error;
}

int holdings_get(struct holdings *holdings)
{
    pthread_mutex_lock(&lock);
    int error = make_missing();
    *holdings = (struct holdings){image.fd, null_device.fd, reading.fd};
    pthread_mutex_unlock(&lock);
    return error;
}

void holdings_before_fork(void)
{
    pthread_mutex_lock(&lock);
}

void holdings_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

/* In the child of a fork: its parent's containers must not live on because of it. */
void holdings_in_fork(void)
{
    pthread_mutex_init(&lock, NULL);
    if (is_ours(&writing))
        close(writing.fd);
    if (is_ours(&reading))
        close(reading.fd);
    reading.fd = writing.fd = -1;
}
