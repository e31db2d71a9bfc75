/* Whether a dump is there, ours, and of the same files on the same machine. */
#include "undump.h"

#include <linux/mman.h>
#include <linux/stat.h>

#include "../dump.h"

/* Bits of a mode (inode(7)). */
enum { TYPE = 0170000, DIRECTORY = 0040000, REGULAR = 0100000, OTHERS = 077, OTHERS_MAY_WRITE = 022 };

/* statx(2), for its layout is the same on every architecture. */
static int look(int directory, const char *path, int flags, struct statx *found)
{
    return CALL(statx, directory, path, flags, STATX_BASIC_STATS, found) == 0;
}

/* Only root and the owner of the programs may put files there, as with compiled modules. */
static int is_safe(const char *directory, uint32_t owner)
{
    struct statx found;
    return look(AT_FDCWD, directory, AT_SYMLINK_NOFOLLOW, &found) && (found.stx_mode & TYPE) == DIRECTORY
           && (found.stx_uid == 0 || found.stx_uid == owner) && !(found.stx_mode & OTHERS_MAY_WRITE);
}

static int is_own_file(int file, uint64_t *size)
{
    struct statx found;
    if (!look(file, "", AT_EMPTY_PATH, &found))
        return 0;
    *size = found.stx_size;
    return (found.stx_mode & TYPE) == REGULAR && found.stx_uid == (uint32_t)CALL(geteuid)
           && !(found.stx_mode & OTHERS) && *size > sizeof(struct dump_head);
}

static int is_fresh(const char *path, const struct dump_stamp *stamp)
{
    struct statx found;
    if (!look(AT_FDCWD, path, 0, &found))
        return stamp->size < 0;
    return stamp->size == (int64_t)found.stx_size && stamp->seconds == found.stx_mtime.tv_sec
           && stamp->nanoseconds == found.stx_mtime.tv_nsec;
}

/* What is said of the first, which is that of the launcher. */
static int is_this_launchers(uint64_t number, const char *path)
{
    return number || text_equal(path, this_program()->text);
}

static int are_fresh(const struct dump_head *head)
{
    const char *start = (const char *)head + head->stamps;
    const struct dump_stamp *stamps = (const void *)start;
    for (uint64_t i = 0; i < head->stamp_count; i++) {
        if (stamps[i].path >= head->front - head->stamps)
            return 0;
        const char *path = start + stamps[i].path;
        if (!is_this_launchers(i, path) || !is_fresh(path, stamps + i))
            return 0;
    }
    return head->stamp_count > 0;
}

static int is_of_this_machine(const struct dump_head *head)
{
    char boot[DUMP_BOOT_SIZE + 2];
    return read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", boot, sizeof boot) >= DUMP_BOOT_SIZE
           && memcmp(boot, head->boot, DUMP_BOOT_SIZE) == 0;
}

/* What was written halfway has no head; this is about mistakes, not about malice: whoever writes here, writes code. */
static int is_whole(const struct dump_head *head)
{
    uint64_t regions = sizeof *head + head->region_count * sizeof(struct dump_region);
    return head->region_count <= DUMP_MOST_REGIONS && head->stamps == regions && head->stamps < head->front
           && head->stamp_count <= (head->front - head->stamps) / sizeof(struct dump_stamp);
}

static int is_good(const struct dump_head *head, uint64_t size)
{
    return memcmp(head->magic, DUMP_MAGIC, DUMP_MAGIC_SIZE) == 0 && head->size == size && head->region_count
           && is_whole(head) && is_of_this_machine(head) && are_fresh(head);
}

/* It stays mapped: what is gone on with stands in it. */
static const struct dump_head *map_front(int file)
{
    struct dump_head head;
    uint64_t size;
    if (!is_own_file(file, &size) || CALL(pread64, file, &head, sizeof head, 0) != sizeof head || head.front > size)
        return NULL;
    long front = CALL(mmap, 0, head.front, PROT_READ, MAP_PRIVATE, file, 0);
    const struct dump_head *mapped = (const void *)front;
    return front > 0 && is_good(mapped, size) ? mapped : NULL;
}

static uint32_t owner_of(const char *file)
{
    struct statx found;
    return look(AT_FDCWD, file, 0, &found) ? found.stx_uid : 0;
}

/* `boot.py` begins in a directory, and so does `__pycache__` in it, which has the dump. */
static int find(const struct path *script, unsigned minor, struct path *dump)
{
    static const char name[] = "boot.py";
    path_start(dump, script->text);
    dump->length -= sizeof name; /* and the slash */
    dump->text[dump->length] = '\0';
    uint32_t owner = owner_of(script->text);
    if (!is_safe(dump->text, owner))
        return 0;
    path_add(dump, "/__pycache__");
    if (!is_safe(dump->text, owner))
        return 0;
    path_add(dump, "/dump.3.");
    path_add_number(dump, minor);
    path_add(dump, ".");
    path_add_number(dump, (uint64_t)CALL(geteuid));
    if (text_equal(the_call.words[0], "try"))
        path_add(dump, ".draft");
    return dump->length > 0;
}

void undump(const struct path *script, unsigned minor)
{
    struct path path;
    if (!is_plain_caller() || !find(script, minor, &path))
        return;
    int file = (int)CALL(openat, AT_FDCWD, path.text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
    if (file < 0)
        return;
    const struct dump_head *head = map_front(file);
    if (head)
        become(file, head);
    CALL(close, file);
}
