#include "installed.h"

enum { LINES_ROOM = 1 << 14 };

static const char PACKAGE[] = "/cloche_cli/oci";
static const char SCRIPT[] = "/cloche_linux/launcher/boot.py";
static const char CHECKOUT[] = "/_cloche.pth";

/* Sets `path` to what is in a directory, if it is there. */
static int is_in(const char *directory, const char *name, struct path *path)
{
    path_start(path, directory);
    path_add(path, name);
    if (path->length && is_there(path->text))
        return 1;
    path->length = 0;
    return 0;
}

/* The file has a directory in each line, as `site` reads it. */
static void find_script_of_checkout(const char *lines, struct path *script)
{
    static char text[LINES_ROOM];
    script->length = 0;
    long size = read_file(AT_FDCWD, lines, text, sizeof text - 1);
    for (long at = 0; at < size && !script->length;) {
        size_t length = text_find(text + at, (size_t)(size - at), '\n');
        text[at + (long)length] = '\0';
        is_in(text + at, SCRIPT, script);
        at += (long)length + 1;
    }
}

static int is_among(const char *packages, struct path *script)
{
    struct path found;
    if (is_in(packages, PACKAGE, &found)) {
        is_in(packages, SCRIPT, script);
        return 1;
    }
    if (!is_in(packages, CHECKOUT, &found))
        return 0;
    find_script_of_checkout(found.text, script);
    return 1;
}

int is_installed_for(const char *prefix, unsigned minor, struct path *script)
{
    static const char *const libraries[] = {"/lib/python3.", "/lib64/python3."};
    static const char *const kinds[] = {"/site-packages", "/dist-packages"};
    for (int i = 0; i < 4; i++) {
        struct path packages;
        path_start(&packages, prefix);
        path_add(&packages, libraries[i / 2]);
        path_add_number(&packages, minor);
        path_add(&packages, kinds[i % 2]);
        if (packages.length && is_among(packages.text, script))
            return 1;
    }
    return 0;
}
