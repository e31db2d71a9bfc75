/* Bytes that grow. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "untar.h"

static int reserve(struct text *text, size_t size)
{
    if (size < text->room)
        return 0;
    size_t room = text->room ? text->room : 64;
    while (room <= size)
        room *= 2;
    char *data = realloc(text->data, room);
    if (!data)
        return -ENOMEM;
    text->data = data;
    text->room = room;
    return 0;
}

int text_append(struct text *text, const void *data, size_t size)
{
    if (reserve(text, text->size + size))
        return -ENOMEM;
    if (size)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = 0;
    return 0;
}

int text_set(struct text *text, const void *data, size_t size)
{
    text->size = 0;
    return text_append(text, data, size);
}

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}
