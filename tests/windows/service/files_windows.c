#define WIN32_LEAN_AND_MEAN
#define _WIN32_WINNT 0x0602
#include <windows.h>

#include <shlwapi.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"
#include "text.h"
#include "wide_windows.h"

wchar_t *widened(const char *string)
{
    wchar_t *wide = string ? need(malloc((wide_length(string) + 1) * sizeof *wide)) : NULL;

    if (wide != NULL)
        widen_into(wide, string);
    return wide;
}

static DWORD attributes_of(const char *path)
{
    WCHAR *wide = widened(path);
    DWORD attributes = GetFileAttributesW(wide);

    free(wide);
    return attributes;
}

static bool has_attribute(const char *path, DWORD attribute)
{
    DWORD attributes = attributes_of(path);

    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & attribute);
}

bool is_directory(const char *path)
{
    return has_attribute(path, FILE_ATTRIBUTE_DIRECTORY);
}

bool is_link(const char *path)
{
    return has_attribute(path, FILE_ATTRIBUTE_REPARSE_POINT);
}

bool exists(const char *path)
{
    return attributes_of(path) != INVALID_FILE_ATTRIBUTES;
}

/* A drive and a path from its root, or a share: `C:folder` and `\folder` depend on more. */
bool is_absolute(const char *path)
{
    bool drive = *path && path[1] == ':' && (path[2] == '\\' || path[2] == '/');

    return drive || strncmp(path, "\\\\", 2) == 0;
}

bool make_directory(const char *path)
{
    WCHAR *wide = widened(path);
    bool made = CreateDirectoryW(wide, NULL);

    free(wide);
    return made;
}

static bool removed(const char *path, BOOL(WINAPI *function)(LPCWSTR))
{
    WCHAR *wide = widened(path);
    bool gone;

    SetFileAttributesW(wide, FILE_ATTRIBUTE_NORMAL);
    gone = function(wide);
    free(wide);
    return gone;
}

bool remove_directory(const char *path)
{
    return removed(path, RemoveDirectoryW);
}

bool remove_file(const char *path)
{
    return removed(path, DeleteFileW);
}

FILE *open_file(const char *path, const char *mode)
{
    WCHAR *wide = widened(path), *wide_mode = widened(mode);
    FILE *file = _wfopen(wide, wide_mode);

    free(wide);
    free(wide_mode);
    return file;
}

char *join_path(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    WCHAR *wide = widened(name);
    bool stays = *name && !PathIsRelativeW(wide);
    const char *slash = length == 0 || folder[length - 1] == '\\' || !*name ? "" : "\\";
    char *path = stays ? copy_string(name) : print_string("%s%s%s", folder, slash, name);

    free(wide);
    for (char *c = path; *c; c++)
        if (*c == '/')
            *c = '\\';
    return path;
}

static void visit_found(const WIN32_FIND_DATAW *found, visitor visit, void *context)
{
    char *name = narrow(found->cFileName);

    if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
        visit(context, name);
    free(name);
}

void visit_directory(const char *path, visitor visit, void *context)
{
    char *pattern = join_path(path, "*");
    WCHAR *wide = widened(pattern);
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(wide, &found);

    if (search != INVALID_HANDLE_VALUE) {
        do
            visit_found(&found, visit, context);
        while (FindNextFileW(search, &found));
        FindClose(search);
    }
    free(pattern);
    free(wide);
}
