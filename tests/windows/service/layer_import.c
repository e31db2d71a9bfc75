/* The exported functions that import a layer file by file. */
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "call.h"
#include "service.h"
#include "streams.h"

enum { HEADER = 20, PART_DATA = 1 }; /* WIN32_STREAM_ID without its name; BACKUP_DATA */

char *kept_path(const struct stream *stream, int number)
{
    char *name = print_string(".imported/%08d", number), *path = join_path(stream->folder, name);

    free(name);
    return path;
}

void finish_file(struct stream *stream)
{
    if (stream->kept != NULL)
        fclose(stream->kept);
    if (stream->data != NULL)
        fclose(stream->data);
    stream->kept = stream->data = NULL;
    stream->header_length = 0;
    stream->part_rest = stream->name_rest = 0;
}

static hresult may_begin(const char *path)
{
    if (!has_layer_privileges())
        return PRIVILEGE_NOT_HELD;
    return is_directory(path) ? FILE_ALREADY_EXISTS : S_OK_CODE;
}

static struct stream *make_layer(const char *path)
{
    struct stream *stream = need(calloc(1, sizeof *stream));

    make_plain_layer(path);
    stream->folder = copy_string(path);
    stream->thread = pthread_self();
    return stream;
}

EXPORT hresult ImportLayerBegin(const struct driver_info *info, const wide *wide_id,
                                const struct layer_descriptor *layers, size_t count,
                                handle *opened)
{
    char *id = narrow(wide_id), *path = layer_path(info, id);
    hresult code;

    begin_call("ImportLayerBegin");
    argument_driver(info);
    argument_text("id", id);
    argument_layers(layers, count);
    code = decide(id, may_begin(path));
    if (takes_effect(code)) {
        *opened = open_handle(STREAM, make_layer(path));
        out_handle("stream", *opened);
    }
    free(id);
    free(path);
    return end_call(code);
}

static struct stream *import_of(handle given)
{
    struct stream *stream = object_of(given, STREAM);

    if (stream == NULL || stream->exports)
        return NULL;
    if (!pthread_equal(stream->thread, pthread_self()))
        note_misuse("an import went on on another thread");
    return stream;
}

/* `\Files\a.txt` is Files/a.txt in the layer's folder; a name cannot leave it. */
static char *place_of(const struct stream *stream, const char *name)
{
    char *relative = copy_string(name + strspn(name, "\\/")), *path;

    for (char *c = relative; *c; c++)
        if (*c == '\\')
            *c = '/';
    path = strstr(relative, "..") ? NULL : join_path(stream->folder, relative);
    free(relative);
    return path;
}

static void keep(struct stream *stream, const char *name, const struct file_basic_info *info)
{
    struct kept_header header = {.deleted = info == NULL, .name_length = (uint32_t)strlen(name)};
    char *path = kept_path(stream, ++stream->number);

    if (info != NULL)
        header.info = *info;
    stream->kept = open_file(path, "wb");
    free(path);
    if (stream->kept == NULL)
        return;
    fwrite(&header, sizeof header, 1, stream->kept);
    fwrite(name, 1, header.name_length, stream->kept);
}

/* A file whose folder was not imported first is the client's mistake, as with the real one. */
static hresult begin_file(struct stream *stream, const char *name,
                          const struct file_basic_info *info)
{
    char *path = place_of(stream, name);
    bool fits = path != NULL;

    finish_file(stream);
    if (fits && info != NULL && (info->attributes & ATTRIBUTE_DIRECTORY))
        fits = is_directory(path) || make_directory(path);
    else if (fits && info != NULL)
        fits = (stream->data = open_file(path, "wb")) != NULL;
    free(path);
    if (!fits)
        return PATH_NOT_FOUND;
    keep(stream, name, info);
    stream->in_file = info != NULL;
    return S_OK_CODE;
}

EXPORT hresult ImportLayerNext(handle given, const wide *wide_name,
                               const struct file_basic_info *info)
{
    char *name = narrow(wide_name);
    struct stream *stream;
    hresult code;

    begin_call("ImportLayerNext");
    argument_handle("stream", given);
    argument_text("name", name);
    argument_text("info", info ? "given" : NULL);
    stream = import_of(given);
    code = decide(name, stream ? S_OK_CODE : HANDLE_INVALID);
    if (takes_effect(code) && stream != NULL)
        code = begin_file(stream, name, info);
    free(name);
    return end_call(code);
}

uint64_t number_at(const uint8_t *bytes, int size)
{
    uint64_t number = 0;

    for (int i = size - 1; i >= 0; i--)
        number = number << 8 | bytes[i];
    return number;
}

static size_t least(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

static size_t take_header(struct stream *stream, const uint8_t *bytes, size_t length)
{
    size_t count = least(HEADER - stream->header_length, length);

    memcpy(stream->header + stream->header_length, bytes, count);
    stream->header_length += count;
    if (stream->header_length < HEADER)
        return count;
    stream->part_is_data = number_at(stream->header, 4) == PART_DATA;
    stream->name_rest = number_at(stream->header + 16, 4);
    stream->part_rest = number_at(stream->header + 8, 8) + stream->name_rest;
    stream->header_length = stream->part_rest > 0 ? HEADER : 0;
    return count;
}

static size_t take_part(struct stream *stream, const uint8_t *bytes, size_t length)
{
    size_t count = least(stream->name_rest ? stream->name_rest : stream->part_rest, length);

    if (stream->name_rest > 0)
        stream->name_rest -= count;
    else if (stream->part_is_data && stream->data != NULL)
        fwrite(bytes, 1, count, stream->data);
    stream->part_rest -= count;
    if (stream->part_rest == 0)
        stream->header_length = 0;
    return count;
}

/* The pieces come as the client cuts them: anywhere. */
static void take_piece(struct stream *stream, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t count = stream->header_length < HEADER ? take_header(stream, bytes, length)
                                                      : take_part(stream, bytes, length);

        bytes += count;
        length -= count;
    }
}

EXPORT hresult ImportLayerWrite(handle given, const uint8_t *bytes, size_t length)
{
    struct stream *stream;
    hresult code;

    begin_call("ImportLayerWrite");
    argument_handle("stream", given);
    argument_number("size", length);
    stream = import_of(given);
    code = decide(NULL, !stream ? HANDLE_INVALID : stream->in_file ? S_OK_CODE : PARAMETER_INVALID);
    if (takes_effect(code) && stream != NULL && stream->kept != NULL) {
        fwrite(bytes, 1, length, stream->kept);
        take_piece(stream, bytes, length);
    }
    return end_call(code);
}

EXPORT hresult ImportLayerEnd(handle given)
{
    struct stream *stream;
    hresult code;

    begin_call("ImportLayerEnd");
    argument_handle("stream", given);
    stream = import_of(given);
    code = decide(NULL, stream ? S_OK_CODE : HANDLE_INVALID);
    if (stream != NULL) {
        finish_file(stream);
        close_handle(given, STREAM);
    }
    return end_call(code);
}
