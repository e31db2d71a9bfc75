/* The folders that layers are, made and removed: the only place here that deletes anything. */
#include <stdlib.h>
#include <string.h>

#include "layers.h"

enum { LARGEST_FALSE_DISK = 64 };

static const char disk[] = "fake";

bool make_sandbox(const char *path)
{
    char *name = join_path(path, "sandbox.vhdx");
    FILE *file = make_directory(path) ? open_file(name, "wb") : NULL;

    free(name);
    if (file == NULL)
        return false;
    fwrite(disk, 1, strlen(disk), file);
    fclose(file);
    return true;
}

bool make_plain_layer(const char *path)
{
    char *mark = join_path(path, ".imported");
    bool made = make_directory(path) && make_directory(mark);

    free(mark);
    return made;
}

/* A true disk has megabytes: no layer that the real service made goes by mistake. */
static bool has_false_disk(const char *path)
{
    char *name = join_path(path, "sandbox.vhdx"), content[LARGEST_FALSE_DISK + 1];
    FILE *file = is_link(name) || is_directory(name) ? NULL : open_file(name, "rb");
    size_t count = sizeof content;

    if (file != NULL) {
        count = fread(content, 1, sizeof content, file);
        fclose(file);
    }
    free(name);
    return count <= LARGEST_FALSE_DISK;
}

static bool was_imported(const char *path)
{
    char *mark = join_path(path, ".imported");
    bool there = is_directory(mark) && !is_link(mark);

    free(mark);
    return there;
}

/* Relative to what, "." of where: such a path is never followed to delete what it leads to. */
static bool is_plain(const char *path)
{
    bool plain = is_absolute(path);

    while (plain && *path) {
        size_t length = strcspn(path, "/\\");

        plain = !(length == 1 && *path == '.') && !(length == 2 && strncmp(path, "..", 2) == 0);
        path += length + (path[length] != 0);
    }
    return plain;
}

static void remove_tree(const char *path);

static void remove_entry(void *context, const char *name)
{
    char *path = join_path(context, name);

    remove_tree(path);
    free(path);
}

static void remove_tree(const char *path)
{
    bool folder = is_directory(path);

    if (folder && !is_link(path))
        visit_directory(path, remove_entry, (void *)(uintptr_t)path);
    if (!(folder && remove_directory(path)))
        remove_file(path);
}

bool remove_layer(const char *path)
{
    bool ours = is_plain(path) && !is_link(path) && is_directory(path) &&
                (has_false_disk(path) || was_imported(path));

    if (ours)
        remove_tree(path);
    return ours;
}
