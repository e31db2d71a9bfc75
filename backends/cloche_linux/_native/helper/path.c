/* Paths of the container, resolved beneath its root by the kernel, and made there where they are missing.
 *
 * The image, or another container that shares a directory with this one, may put symbolic links anywhere at any
 * time. Every resolution therefore starts at the root and stays in it; nothing is checked first and used later. */
#include "helper.h"

enum { LINKS = 16, ROOM = 4096 };

int root_directory(struct helper *h)
{
    if (h->root < 0)
        h->root = sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    return h->root;
}

static int open_in_root(struct helper *h, const char *path, uint64_t flags)
{
    int root = root_directory(h);
    return root < 0 ? root : sys_openat2(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int open_target(struct helper *h, const char *path, uint64_t flags)
{
    return open_in_root(h, path, O_PATH | flags);
}

/* Replaces the dangling link that is the component from `begin` to `end` by what it says. */
static int follow(int parent, char *path, size_t begin, size_t end)
{
    char target[ROOM], rest[ROOM];
    size_t rest_length = text_length(path + end);
    memcpy(rest, path + end, rest_length + 1);
    path[end] = '\0';
    long size = CALL(readlinkat, parent, path + begin, target, sizeof target - 1);
    if (size <= 0)
        return size < 0 ? (int)size : -ENOENT;
    size_t kept = target[0] == '/' ? 0 : begin;
    kept = text_append(path, kept, ROOM, target, (size_t)size);
    return kept && text_append(path, kept, ROOM, rest, rest_length) ? -ELOOP : -ENAMETOOLONG;
}

/* Opens the directory that is `path` up to `end`, made if it is missing. */
static int enter(struct helper *h, int parent, char *path, size_t begin, size_t end, int mode)
{
    char after = path[end];
    path[end] = '\0';
    int fd = open_in_root(h, path, O_PATH | O_DIRECTORY);
    if (fd == -ENOENT) {
        int made = (int)CALL(mkdirat, parent, path + begin, mode);
        fd = made < 0 && made != -EEXIST ? made : open_in_root(h, path, O_PATH | O_DIRECTORY);
    }
    path[end] = after;
    return fd == -ENOENT ? follow(parent, path, begin, end) : fd;
}

/* One way down. Returns the directory, -ELOOP after a dangling link was replaced in `path`, or an error. */
static int make_way(struct helper *h, char *path, int mode)
{
    size_t begin = 0, end = 0;
    int fd = open_in_root(h, "/", O_PATH | O_DIRECTORY);
    while (fd >= 0) {
        for (begin = end; path[begin] == '/'; begin++)
            ;
        for (end = begin; path[end] && path[end] != '/'; end++)
            ;
        if (begin == end)
            break;
        int parent = fd;
        fd = enter(h, parent, path, begin, end, mode);
        sys_close(parent);
    }
    return fd;
}

/* Opens a directory, made with all that is above it where it is missing. */
int make_directory(struct helper *h, const char *path, int mode)
{
    int fd = open_in_root(h, path, O_PATH | O_DIRECTORY);
    if (fd != -ENOENT)
        return fd;
    char way[ROOM];
    if (!text_append(way, 0, sizeof way, path, text_length(path)))
        return -ENAMETOOLONG;
    fd = -ELOOP;
    for (int links = 0; links < LINKS && fd == -ELOOP; links++)
        fd = make_way(h, way, mode);
    return fd;
}

/* Opens the directory that a new file is to be made in, and says by which name. It stays open, and is the answer
 * again while one step after the other makes files in the same place: nothing is mounted over it in between. */
int open_parent(struct helper *h, const char *path, const char **leaf)
{
    char way[ROOM];
    size_t cut = text_length(path);
    while (cut && path[cut - 1] != '/')
        cut--;
    *leaf = path + cut;
    if (!**leaf || text_equal(*leaf, ".") || text_equal(*leaf, ".."))
        return -EINVAL;
    int same = h->parent >= 0 && h->at == h->parent_at + 1 && cut == h->parent_length
               && memcmp(path, h->parent_path, cut) == 0;
    h->parent_at = h->at;
    h->parent_path = path;
    h->parent_length = cut;
    if (same)
        return h->parent;
    if (h->parent >= 0)
        sys_close(h->parent);
    way[0] = '/';
    int fits = text_append(way, 1, sizeof way, path, cut) != 0;
    h->parent = fits ? make_directory(h, way, 0755) : -ENAMETOOLONG;
    return h->parent;
}

/* Makes a file that a link of that name leads to, if it leads anywhere beneath the root. */
static int make_behind_link(struct helper *h, const char *path)
{
    char way[ROOM];
    if (!text_append(way, 0, sizeof way, path, text_length(path)))
        return -ENAMETOOLONG;
    int fd = -ELOOP;
    for (int links = 0; links < LINKS && fd == -ELOOP; links++) {
        size_t end = text_length(way), begin = end;
        while (begin && way[begin - 1] != '/')
            begin--;
        char above[ROOM] = "/";
        text_append(above, 1, sizeof above, way, begin);
        int parent = make_directory(h, above, 0755);
        if (parent < 0)
            return parent;
        fd = sys_open(parent, way + begin, O_CREAT | O_EXCL | O_RDONLY | O_NOFOLLOW, 0644);
        if (fd == -EEXIST)
            fd = follow(parent, way, begin, end);
        sys_close(parent);
    }
    return fd;
}

/* Opens a file to mount on, made empty where it is missing, also behind a link that leads to nothing yet. */
int make_file(struct helper *h, const char *path)
{
    const char *leaf;
    int fd = open_target(h, path, 0);
    if (fd != -ENOENT)
        return fd;
    int parent = open_parent(h, path, &leaf);
    if (parent < 0)
        return parent;
    fd = sys_open(parent, leaf, O_CREAT | O_EXCL | O_RDONLY | O_NOFOLLOW, 0644);
    return fd == -EEXIST ? make_behind_link(h, path) : fd;
}
