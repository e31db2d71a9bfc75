/* The untar itself: made, asked, given back. */
#include <stdlib.h>
#include <unistd.h>

#include "untar.h"

struct cloche_untar *cloche_untar_open(int directory, const struct cloche_untar_rules *rules)
{
    struct cloche_untar *u = calloc(1, sizeof *u);
    if (!u)
        return 0;
    u->rules = *rules;
    u->root = directory;
    u->file = u->place.fd = -1;
    return u;
}

const char *cloche_untar_reason(const struct cloche_untar *u)
{
    return u->reason;
}

const char *cloche_untar_entry(const struct cloche_untar *u)
{
    return u->said.data ? u->said.data : "";
}

size_t cloche_untar_implied(const struct cloche_untar *u, const char **paths)
{
    *paths = u->implied.data;
    return u->implied.size;
}

void cloche_untar_close(struct cloche_untar *u)
{
    struct text *texts[] = {&u->said, &u->extension, &u->entry.name, &u->entry.link, &u->entry.xattrs,
                            &u->place.path, &u->implied};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        text_free(texts[i]);
    if (u->file >= 0)
        close(u->file);
    if (u->place.fd >= 0)
        close(u->place.fd);
    free(u->entry.map);
    free(u);
}
