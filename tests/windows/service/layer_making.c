/* The exported functions that make layers, and that tell of them. */
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "call.h"
#include "layers.h"
#include "service.h"
#include "steering.h"

static hresult natural_sandbox(const struct driver_info *info, const char *path)
{
    char *home = layer_path(info, "");
    hresult code = is_directory(home) ? S_OK_CODE : PATH_NOT_FOUND;

    free(home);
    return is_directory(path) ? FILE_ALREADY_EXISTS : code;
}

EXPORT hresult CreateSandboxLayer(const struct driver_info *info, const wide *wide_id,
                                  const wide *parent, const struct layer_descriptor *layers,
                                  size_t count)
{
    char *id = narrow(wide_id), *path = layer_path(info, id);
    hresult code;

    begin_call("CreateSandboxLayer");
    argument_driver(info);
    argument_text("id", id);
    argument_wide("parent", parent);
    argument_layers(layers, count);
    code = decide(id, natural_sandbox(info, path));
    if (takes_effect(code))
        make_sandbox(path);
    free(id);
    free(path);
    return end_call(code);
}

EXPORT hresult CreateLayer(const struct driver_info *info, const wide *wide_id, const wide *parent)
{
    char *id = narrow(wide_id), *path = layer_path(info, id);
    hresult code;

    begin_call("CreateLayer");
    argument_driver(info);
    argument_text("id", id);
    argument_wide("parent", parent);
    code = decide(id, S_OK_CODE);
    if (takes_effect(code))
        make_plain_layer(path);
    free(id);
    free(path);
    return end_call(code);
}

EXPORT hresult CopyLayer(const struct driver_info *info, const wide *source, const wide *target,
                         const struct layer_descriptor *layers, size_t count)
{
    begin_call("CopyLayer");
    argument_driver(info);
    argument_wide("src", source);
    argument_wide("dst", target);
    argument_layers(layers, count);
    return end_call(decide(NULL, S_OK_CODE));
}

EXPORT hresult ExpandSandboxSize(const struct driver_info *info, const wide *id, uint64_t size)
{
    begin_call("ExpandSandboxSize");
    argument_driver(info);
    argument_wide("id", id);
    argument_number("size", size);
    return end_call(decide(NULL, S_OK_CODE));
}

static hresult whole(const char *function, const struct driver_info *info, const wide *wide_id,
                     const wide *folder, const struct layer_descriptor *layers, size_t count)
{
    char *id = narrow(wide_id);
    hresult code;

    begin_call(function);
    argument_driver(info);
    argument_text("id", id);
    argument_wide("path", folder);
    argument_layers(layers, count);
    code = decide(id, S_OK_CODE);
    free(id);
    return end_call(code);
}

EXPORT hresult ExportLayer(const struct driver_info *info, const wide *id, const wide *folder,
                           const struct layer_descriptor *layers, size_t count)
{
    return whole("ExportLayer", info, id, folder, layers, count);
}

EXPORT hresult ImportLayer(const struct driver_info *info, const wide *id, const wide *folder,
                           const struct layer_descriptor *layers, size_t count)
{
    return whole("ImportLayer", info, id, folder, layers, count);
}

EXPORT hresult LayerExists(const struct driver_info *info, const wide *wide_id, uint32_t *there)
{
    char *id = narrow(wide_id), *path = layer_path(info, id);
    hresult code;

    begin_call("LayerExists");
    argument_driver(info);
    argument_text("id", id);
    code = decide(id, S_OK_CODE);
    *there = is_directory(path);
    out_number("exists", *there);
    free(id);
    free(path);
    return end_call(code);
}

/* A volume of its own for each layer: the name's FNV-1a hash is its number. */
static char *volume_of(const char *id)
{
    const char *raw = raw_document("volume");
    uint32_t hash = 2166136261u;

    if (raw != NULL)
        return copy_string(raw);
    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    return print_string("\\\\?\\Volume{%08x-0000-4000-8000-000000000000}", hash);
}

static hresult hand_out(const char *volume, size_t *length, wide *buffer)
{
    size_t needed = *volume ? wide_length(volume) + 1 : 0, room = *length;

    *length = needed;
    out_number("length", needed);
    if (buffer == NULL)
        return S_OK_CODE;
    out_text("path", volume);
    if (room < needed)
        return BUFFER_TOO_SMALL;
    if (needed > 0)
        widen_into(buffer, volume);
    return S_OK_CODE;
}

EXPORT hresult GetLayerMountPath(const struct driver_info *info, const wide *wide_id,
                                 size_t *length, wide *buffer)
{
    char *id = narrow(wide_id), *volume;
    hresult code;

    begin_call("GetLayerMountPath");
    argument_driver(info);
    argument_text("id", id);
    argument_number("length", *length);
    argument_text("buffer", buffer ? "given" : NULL);
    code = decide(id, S_OK_CODE);
    if (takes_effect(code)) {
        volume = volume_of(id);
        code = hand_out(volume, length, buffer) == S_OK_CODE ? code : BUFFER_TOO_SMALL;
        free(volume);
    }
    free(id);
    return end_call(code);
}

EXPORT hresult GetBaseImages(wide **images)
{
    hresult code;

    begin_call("GetBaseImages");
    code = decide(NULL, S_OK_CODE);
    *images = give_string("{\"Images\":[]}");
    return end_call(code);
}

static hresult about_path(const char *function, const wide *path)
{
    begin_call(function);
    argument_wide("path", path);
    return end_call(decide(NULL, S_OK_CODE));
}

EXPORT hresult ProcessBaseImage(const wide *path)
{
    return about_path("ProcessBaseImage", path);
}

EXPORT hresult ProcessUtilityImage(const wide *path)
{
    return about_path("ProcessUtilityImage", path);
}

EXPORT hresult GrantVmAccess(const wide *vm, const wide *wide_path)
{
    char *path = narrow(wide_path);
    hresult code;

    begin_call("GrantVmAccess");
    argument_wide("vm", vm);
    argument_text("path", path);
    code = decide(path, exists(path) ? S_OK_CODE : FILE_NOT_FOUND);
    free(path);
    return end_call(code);
}
