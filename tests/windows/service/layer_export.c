/* The exported functions that export a layer file by file. */
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "call.h"
#include "service.h"
#include "streams.h"

/* What was not imported was written by a container: it is put into the imported form first. */
struct walk {
    struct stream *stream;
    const char *folder; /* of the layer, with / between its parts; "" for its own folder */
};

static void keep_entry(void *context, const char *name);

static void keep_folder(struct stream *stream, const char *relative)
{
    struct walk walk = {stream, relative};
    char *path = join_path(stream->folder, relative);

    visit_directory(path, keep_entry, &walk);
    free(path);
}

static uint64_t size_of(FILE *file)
{
    uint64_t size;

    fseek(file, 0, SEEK_END);
    size = (uint64_t)ftell(file);
    rewind(file);
    return size;
}

static void copy_data(FILE *source, FILE *target)
{
    uint8_t header[20] = {1}, bytes[4096];
    uint64_t size = size_of(source);
    size_t count;

    for (int i = 0; i < 8; i++)
        header[8 + i] = (uint8_t)(size >> 8 * i);
    fwrite(header, sizeof header, 1, target);
    while ((count = fread(bytes, 1, sizeof bytes, source)) > 0)
        fwrite(bytes, 1, count, target);
}

static void keep_content(const char *name, FILE *source, FILE *target)
{
    struct kept_header header = {.name_length = (uint32_t)strlen(name)};

    header.info.attributes = source ? ATTRIBUTE_NORMAL : ATTRIBUTE_DIRECTORY;
    fwrite(&header, sizeof header, 1, target);
    fwrite(name, 1, header.name_length, target);
    if (source != NULL)
        copy_data(source, target);
}

static void keep_file(struct stream *stream, const char *relative, const char *path)
{
    char *name = print_string("\\%s", relative), *kept = kept_path(stream, ++stream->number);
    FILE *source = is_directory(path) ? NULL : open_file(path, "rb");
    FILE *target = open_file(kept, "wb");

    for (char *c = name; *c; c++)
        if (*c == '/')
            *c = '\\';
    if (target != NULL) {
        keep_content(name, source, target);
        fclose(target);
    }
    if (source != NULL)
        fclose(source);
    free(name);
    free(kept);
}

static void keep_entry(void *context, const char *name)
{
    const struct walk *walk = context;
    char *relative = *walk->folder ? print_string("%s/%s", walk->folder, name) : copy_string(name);
    char *path = join_path(walk->stream->folder, relative);

    if (strcmp(relative, ".imported") != 0 && strcmp(relative, "sandbox.vhdx") != 0) {
        keep_file(walk->stream, relative, path);
        if (is_directory(path) && !is_link(path))
            keep_folder(walk->stream, relative);
    }
    free(relative);
    free(path);
}

static void keep_what_is_there(struct stream *stream)
{
    char *kept = join_path(stream->folder, ".imported");

    if (!is_directory(kept) && make_directory(kept)) {
        keep_folder(stream, "");
        stream->number = 0;
    }
    free(kept);
}

static hresult may_begin(const char *path)
{
    if (!has_layer_privileges())
        return PRIVILEGE_NOT_HELD;
    return is_directory(path) ? S_OK_CODE : PATH_NOT_FOUND;
}

static struct stream *read_layer(const char *path)
{
    struct stream *stream = need(calloc(1, sizeof *stream));

    stream->exports = true;
    stream->folder = copy_string(path);
    keep_what_is_there(stream);
    return stream;
}

EXPORT hresult ExportLayerBegin(const struct driver_info *info, const wide *wide_id,
                                const struct layer_descriptor *layers, size_t count,
                                handle *opened)
{
    char *id = narrow(wide_id), *path = layer_path(info, id);
    hresult code;

    begin_call("ExportLayerBegin");
    argument_driver(info);
    argument_text("id", id);
    argument_layers(layers, count);
    code = decide(id, may_begin(path));
    if (takes_effect(code)) {
        *opened = open_handle(STREAM, read_layer(path));
        out_handle("stream", *opened);
    }
    free(id);
    free(path);
    return end_call(code);
}

static struct stream *export_of(handle given)
{
    struct stream *stream = object_of(given, STREAM);

    return stream != NULL && stream->exports ? stream : NULL;
}

static bool open_next(struct stream *stream)
{
    char *path = kept_path(stream, ++stream->number);

    finish_file(stream);
    stream->kept = open_file(path, "rb");
    free(path);
    return stream->kept != NULL;
}

/* How long a file's content is, whatever else its backup stream holds; sparse parts name a place. */
static uint64_t content_size(FILE *file)
{
    enum { DATA = 1, SPARSE_BLOCK = 9, PLACE = 8 };
    uint8_t header[20], place[PLACE];
    uint64_t size = 0, rest;
    long begin = ftell(file);

    while (fread(header, sizeof header, 1, file) == 1) {
        rest = number_at(header + 8, 8);
        fseek(file, (long)number_at(header + 16, 4), SEEK_CUR);
        if (number_at(header, 4) == DATA)
            size = rest;
        if (number_at(header, 4) == SPARSE_BLOCK && fread(place, PLACE, 1, file) == 1) {
            rest -= PLACE;
            size = number_at(place, PLACE) + rest;
        }
        fseek(file, (long)rest, SEEK_CUR);
    }
    fseek(file, begin, SEEK_SET);
    return size;
}

static hresult tell_next(struct stream *stream, wide **name, struct file_basic_info *info,
                         int64_t *size, uint32_t *deleted)
{
    struct kept_header header;
    char *string;

    if (!open_next(stream))
        return NO_MORE_FILES;
    if (fread(&header, sizeof header, 1, stream->kept) != 1)
        return PATH_NOT_FOUND;
    string = need(calloc(header.name_length + 1, 1));
    if (fread(string, 1, header.name_length, stream->kept) != header.name_length)
        string[0] = 0;
    *name = give_string(string);
    *info = header.info;
    *size = (int64_t)content_size(stream->kept);
    *deleted = header.deleted;
    out_text("name", string);
    free(string);
    return S_OK_CODE;
}

EXPORT hresult ExportLayerNext(handle given, wide **name, struct file_basic_info *info,
                               int64_t *size, uint32_t *deleted)
{
    struct stream *stream;
    hresult code;

    begin_call("ExportLayerNext");
    argument_handle("stream", given);
    stream = export_of(given);
    code = decide(NULL, stream ? S_OK_CODE : HANDLE_INVALID);
    *name = NULL;
    if (takes_effect(code) && stream != NULL)
        code = tell_next(stream, name, info, size, deleted);
    return end_call(code);
}

EXPORT hresult ExportLayerRead(handle given, uint8_t *bytes, size_t room, uint32_t *count)
{
    struct stream *stream;
    hresult code;

    begin_call("ExportLayerRead");
    argument_handle("stream", given);
    argument_number("size", room);
    stream = export_of(given);
    code = decide(NULL, stream && stream->kept ? S_OK_CODE : HANDLE_INVALID);
    *count = 0;
    if (takes_effect(code) && stream != NULL && stream->kept != NULL)
        *count = (uint32_t)fread(bytes, 1, room, stream->kept);
    return end_call(code);
}

EXPORT hresult ExportLayerEnd(handle given)
{
    struct stream *stream;
    hresult code;

    begin_call("ExportLayerEnd");
    argument_handle("stream", given);
    stream = export_of(given);
    code = decide(NULL, stream ? S_OK_CODE : HANDLE_INVALID);
    if (stream != NULL) {
        finish_file(stream);
        close_handle(given, STREAM);
    }
    return end_call(code);
}
