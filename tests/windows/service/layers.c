/* The exported functions that mount and unmount layers: here they are noted, and that is all. */
#include "layers.h"

#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "call.h"
#include "service.h"

/* The paths that are activated, and those that are prepared. */
struct mount {
    char *path;
    struct mount *next;
};

static struct mount *activated, *prepared;

static struct mount **find(struct mount **list, const char *path)
{
    while (*list != NULL && strcmp((*list)->path, path) != 0)
        list = &(*list)->next;
    return list;
}

static void add(struct mount **list, const char *path)
{
    struct mount **link = find(list, path);

    if (*link != NULL)
        return;
    *link = need(calloc(1, sizeof **link));
    (*link)->path = copy_string(path);
}

static void take_away(struct mount **list, const char *path)
{
    struct mount **link = find(list, path), *mount = *link;

    if (mount == NULL)
        return;
    *link = mount->next;
    free(mount->path);
    free(mount);
}

static int length_of(const struct mount *list)
{
    int length = 0;

    for (; list != NULL; list = list->next)
        length++;
    return length;
}

int layers_activated(void)
{
    return length_of(activated);
}

int layers_prepared(void)
{
    return length_of(prepared);
}

void forget_layers(void)
{
    while (activated != NULL)
        take_away(&activated, activated->path);
    while (prepared != NULL)
        take_away(&prepared, prepared->path);
}

char *layer_path(const struct driver_info *info, const char *id)
{
    char *home = info ? narrow(info->home) : NULL;
    char *path = join_path(home ? home : "", id ? id : "");

    free(home);
    return path;
}

struct layer_operation {
    const char *function;
    void (*carry_out)(const char *path);
    bool takes_layers;
};

static hresult operate(const struct layer_operation *operation, const struct driver_info *info,
                       const wide *wide_id, const struct layer_descriptor *layers, size_t count)
{
    char *id = narrow(wide_id), *path = layer_path(info, id);
    hresult code;

    begin_call(operation->function);
    argument_driver(info);
    argument_text("id", id);
    if (operation->takes_layers)
        argument_layers(layers, count);
    code = decide(id, is_directory(path) ? S_OK_CODE : PATH_NOT_FOUND);
    if (takes_effect(code))
        operation->carry_out(path);
    free(id);
    free(path);
    return end_call(code);
}

static void activate(const char *path)
{
    add(&activated, path);
}

static void deactivate(const char *path)
{
    take_away(&activated, path);
}

static void prepare(const char *path)
{
    if (*find(&activated, path) == NULL)
        note_misuse("%s was prepared without being activated", path);
    add(&prepared, path);
}

static void unprepare(const char *path)
{
    take_away(&prepared, path);
}

/* The real service raises an exception that ends its client. Here nothing that is mounted goes, and
 * nothing that was not made here. */
static void destroy(const char *path)
{
    if (*find(&activated, path) != NULL || *find(&prepared, path) != NULL)
        note_misuse("%s was destroyed while mounted", path);
    else if (!remove_layer(path))
        note_misuse("%s is no layer of this service, and stays", path);
}

EXPORT hresult ActivateLayer(const struct driver_info *info, const wide *id)
{
    static const struct layer_operation it = {"ActivateLayer", activate, false};

    return operate(&it, info, id, NULL, 0);
}

EXPORT hresult DeactivateLayer(const struct driver_info *info, const wide *id)
{
    static const struct layer_operation it = {"DeactivateLayer", deactivate, false};

    return operate(&it, info, id, NULL, 0);
}

EXPORT hresult PrepareLayer(const struct driver_info *info, const wide *id,
                            const struct layer_descriptor *layers, size_t count)
{
    static const struct layer_operation it = {"PrepareLayer", prepare, true};

    return operate(&it, info, id, layers, count);
}

EXPORT hresult UnprepareLayer(const struct driver_info *info, const wide *id)
{
    static const struct layer_operation it = {"UnprepareLayer", unprepare, false};

    return operate(&it, info, id, NULL, 0);
}

EXPORT hresult DestroyLayer(const struct driver_info *info, const wide *id)
{
    static const struct layer_operation it = {"DestroyLayer", destroy, false};

    return operate(&it, info, id, NULL, 0);
}
