/* Records of an extended header, "LENGTH KEY=VALUE\n" one after the other (pax(1) of POSIX). */
#include <stdlib.h>
#include <string.h>

#include "untar.h"

int decimal(const char *text, size_t size, int64_t *value)
{
    uint64_t found = 0;
    if (size == 0 || size > 19)
        return -1;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        found = found * 10 + (uint64_t)(text[i] - '0');
    }
    *value = (int64_t)found; /* nineteen digits may be too much for the sign */
    return found > INT64_MAX ? -1 : 0;
}

/* Seconds, with a fraction of any length; before 1970 both count backwards. */
static int moment(const char *text, size_t size, struct timespec *time)
{
    int negative = size && text[0] == '-';
    const char *digits = text + negative, *end = text + size;
    const char *dot = memchr(digits, '.', (size_t)(end - digits));
    int64_t seconds;
    long nanoseconds = 0, unit = 100000000;
    if (decimal(digits, (size_t)((dot ? dot : end) - digits), &seconds) || seconds > INT64_MAX / 2)
        return -1;
    for (const char *at = dot ? dot + 1 : end; at < end; at++, unit /= 10) {
        if (*at < '0' || *at > '9')
            return -1;
        nanoseconds += (*at - '0') * unit;
    }
    *time = (struct timespec){negative ? -seconds : seconds, nanoseconds};
    if (negative && nanoseconds)
        *time = (struct timespec){-seconds - 1, 1000000000 - nanoseconds};
    return 0;
}

static int set_text(struct cloche_untar *u, struct text *text, const char *value, size_t size, unsigned what)
{
    if (memchr(value, 0, size))
        return refuse(u, "a name has a NUL in it");
    if (size == 0) /* takes back what a global header said, which counts for nothing here */
        return 0;
    u->entry.given |= what;
    return text_set(text, value, size) ? broken(u, "name") : 0;
}

static int set_id(struct cloche_untar *u, uint32_t *id, const char *value, size_t size, unsigned what)
{
    int64_t number;
    if (decimal(value, size, &number) || number >= UINT32_MAX)
        return refuse(u, "its %s is no number that can be one", what == UID ? "owner" : "group");
    *id = (uint32_t)number;
    u->entry.given |= what;
    return 0;
}

static int set_size(struct cloche_untar *u, int64_t *to, const char *value, size_t size, unsigned what)
{
    if (decimal(value, size, to))
        return refuse(u, "its size is no number that can be one");
    u->entry.given |= what;
    return 0;
}

/* GNU tar's sparse files: a map in records (0.0, 0.1), or in front of the data (1.0). */
static int sparse_record(struct cloche_untar *u, const char *key, const char *value, size_t size)
{
    struct entry *e = &u->entry;
    int64_t number = 0;
    if (strcmp(key, "name") == 0)
        return set_text(u, &e->name, value, size, SPARSE_NAME);
    if (strcmp(key, "map") == 0)
        return sparse_text(u, value, size);
    if (decimal(value, size, &number))
        return refuse(u, "its sparse map is damaged");
    e->sparse = 1;
    if (strcmp(key, "size") == 0 || strcmp(key, "realsize") == 0)
        e->real_size = number;
    else if (strcmp(key, "major") == 0)
        e->sparse_major = number > 1 ? 2 : (int)number;
    else if (strcmp(key, "offset") == 0)
        return sparse_add(u, number, -1);
    else if (strcmp(key, "numbytes") == 0) {
        if (e->extents == 0 || e->map[e->extents - 1].size != -1)
            return refuse(u, "its sparse map is damaged");
        e->map[e->extents - 1].size = number;
    }
    return 0;
}

static int hexadecimal(char digit)
{
    const char *digits = "0123456789abcdef", *found = digit ? strchr(digits, digit | 0x20) : 0;
    return found ? (int)(found - digits) : -1;
}

/* libarchive writes names as URLs have them, and values in base64. */
static size_t url_decode(char *text, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        int high = text[i] == '%' && i + 2 < size ? hexadecimal(text[i + 1]) : -1;
        int low = high < 0 ? -1 : hexadecimal(text[i + 2]);
        text[length++] = low < 0 ? text[i] : (char)(high << 4 | low);
        i += low < 0 ? 0 : 2;
    }
    return length;
}

static size_t base64_decode(char *text, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < size; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : 0;
        if (!digit)
            continue;
        bits = bits << 6 | (uint32_t)(digit - digits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            text[length++] = (char)(bits >> count);
        }
    }
    return length;
}

static int attribute(struct cloche_untar *u, const char *key, char *name, char *value, size_t size)
{
    size_t length = strlen(name);
    if (key[0] == 'L') {
        length = url_decode(name, length);
        size = base64_decode(value, size);
    }
    return attributes_add(u, name, length, value, size);
}

static int record(struct cloche_untar *u, char *key, char *value, size_t size)
{
    struct entry *e = &u->entry;
    if (strcmp(key, "path") == 0)
        return e->given & SPARSE_NAME ? 0 : set_text(u, &e->name, value, size, NAME);
    if (strcmp(key, "linkpath") == 0)
        return set_text(u, &e->link, value, size, LINK);
    if (strcmp(key, "size") == 0)
        return set_size(u, &e->size, value, size, SIZE);
    if (strcmp(key, "uid") == 0)
        return set_id(u, &e->uid, value, size, UID);
    if (strcmp(key, "gid") == 0)
        return set_id(u, &e->gid, value, size, GID);
    if (strcmp(key, "mtime") == 0) {
        e->given |= MTIME;
        return moment(value, size, &e->mtime) ? refuse(u, "its time is no number") : 0;
    }
    if (strncmp(key, "GNU.sparse.", 11) == 0)
        return sparse_record(u, key + 11, value, size);
    if (strncmp(key, "SCHILY.xattr.", 13) == 0)
        return attribute(u, key, key + 13, value, size);
    return strncmp(key, "LIBARCHIVE.xattr.", 17) == 0 ? attribute(u, key, key + 17, value, size) : 0;
}

#ifdef PLANTED_BUG /* for the sanitizers to find */
enum { SLACK = 1 << 16 };
#else
enum { SLACK = 0 };
#endif

/* Finds a record's parts, and puts a NUL in place of the "="; its size, or 0. */
static size_t part(char *at, size_t size, char **key, char **value)
{
    char *space = memchr(at, ' ', size < 20 ? size : 20);
    int64_t length;
    if (!space || decimal(at, (size_t)(space - at), &length) || length <= space - at + 2 || (uint64_t)length > size + SLACK)
        return 0;
    char *end = at + length - 1, *equals = memchr(space, '=', (size_t)(end - space));
    if (*end != '\n' || !equals || equals == space + 1 || memchr(space, 0, (size_t)(equals - space)))
        return 0;
    *equals = *end = 0;
    *key = space + 1;
    *value = equals + 1;
    return (size_t)length;
}

static int each(struct cloche_untar *u, char *records, size_t size,
                int (*use)(struct cloche_untar *u, char *key, char *value, size_t size))
{
    for (size_t at = 0; at < size;) {
        char *key, *value;
        size_t length = part(records + at, size - at, &key, &value);
        if (!length)
            return refuse(u, "an extended header is damaged");
        if (use(u, key, value, (size_t)(records + at + length - 1 - value)))
            return u->error;
        at += length;
    }
    return 0;
}

int pax_read(struct cloche_untar *u, char *records, size_t size)
{
    if (u->entry.given) /* which of them would count is another thing for each reader */
        return refuse(u, "it has two extended headers");
    u->entry.given = EXTENDED;
    return each(u, records, size, record);
}

static int ignore(struct cloche_untar *u, char *key, char *value, size_t size)
{
    (void)key, (void)value, (void)size;
    return u->error;
}

/* Global headers are looked over and count for nothing, as in containerd, docker and umoci: one layer has to be one
 * tree, whoever unpacks it. */
int pax_check(struct cloche_untar *u, char *records, size_t size)
{
    return each(u, records, size, ignore);
}
