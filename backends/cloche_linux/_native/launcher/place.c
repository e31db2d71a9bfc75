/* Where containers are kept, as `cloche_cli/oci/places.py` and `cloche/locations.py` have it. */
#include "container.h"

enum { WRITABLE = 2, LONGEST_ID = 1024 };

/* By the real user, as os.access(). */
static int is_writable(const char *path)
{
    return CALL(faccessat, AT_FDCWD, path, WRITABLE) == 0;
}

static void usual_place(struct path *path)
{
    uint64_t user = (uint64_t)CALL(geteuid);
    if (user == 0 && is_writable("/run")) {
        path_start(path, "/run/cloche/oci");
        return;
    }
    const char *base = variable("XDG_RUNTIME_DIR");
    if (!base || *base != '/' || !is_writable(base)) {
        path_start(path, "/run/user/");
        path_add_number(path, user);
        base = path->length && is_writable(path->text) ? path->text : NULL;
    } else {
        path_start(path, base);
    }
    if (base) {
        path_add(path, "/cloche/oci");
        return;
    }
    path_start(path, "/tmp/cloche-");
    path_add_number(path, user);
    path_add(path, "/oci");
}

/* Python takes `..` away by the names alone, which leads elsewhere after a link. */
static int climbs(const char *path)
{
    for (const char *at = path; *at; at++)
        if (at[0] == '.' && at[1] == '.' && (at[2] == '/' || !at[2]) && (at == path || at[-1] == '/'))
            return 1;
    return 0;
}

int is_proper_id(const char *id)
{
    size_t length = text_length(id);
    if (length == 0 || length > LONGEST_ID || text_equal(id, ".") || text_equal(id, ".."))
        return 0;
    for (size_t i = 0; i < length; i++) {
        char c = id[i];
        int is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && c != '_' && c != '+' && c != '.' && c != '-')
            return 0;
    }
    return 1;
}

void container_path(const struct line *line, struct path *path)
{
    if (line->root)
        path_start(path, line->root);
    else
        usual_place(path);
    path_add(path, "/");
    path_add(path, line->words[0]);
    if (!path->length || climbs(path->text))
        hand_over();
}
