#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *need(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

void text_add(struct text *text, const void *bytes, size_t length)
{
    if (text->length + length + 1 > text->room) {
        text->room = (text->length + length + 1) * 2;
        text->bytes = need(realloc(text->bytes, text->room));
    }
    if (length > 0)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = 0;
}

static char *print_list(const char *format, va_list list)
{
    va_list again;
    char *string;
    int length;

    va_copy(again, list);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    string = need(malloc((size_t)length + 1));
    vsnprintf(string, (size_t)length + 1, format, list);
    return string;
}

void text_print(struct text *text, const char *format, ...)
{
    va_list list;
    char *string;

    va_start(list, format);
    string = print_list(format, list);
    va_end(list);
    text_add(text, string, strlen(string));
    free(string);
}

char *print_string(const char *format, ...)
{
    va_list list;
    char *string;

    va_start(list, format);
    string = print_list(format, list);
    va_end(list);
    return string;
}

static void quote_byte(struct text *text, unsigned char byte)
{
    if (byte == '"' || byte == '\\')
        text_print(text, "\\%c", byte);
    else if (byte < 0x20)
        text_print(text, "\\u%04x", byte);
    else
        text_add(text, &byte, 1);
}

void text_quote(struct text *text, const char *string)
{
    if (string == NULL) {
        text_print(text, "null");
        return;
    }
    text_add(text, "\"", 1);
    for (; *string; string++)
        quote_byte(text, (unsigned char)*string);
    text_add(text, "\"", 1);
}

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->bytes != NULL)
        text->bytes[0] = 0;
}

void text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

const char *text_string(const struct text *text)
{
    return text->bytes == NULL ? "" : text->bytes;
}

char *copy_string(const char *string)
{
    return string == NULL ? NULL : print_string("%s", string);
}

static void add_code_point(struct text *text, uint32_t point)
{
    static const uint8_t lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    size_t count = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    char bytes[4];

    for (size_t i = count - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (point & 0x3F));
        point >>= 6;
    }
    bytes[0] = (char)(lead[count] | point);
    text_add(text, bytes, count);
}

/* A surrogate alone stays what it is, in three bytes: names on Windows may have such. */
char *narrow(const wide *string)
{
    struct text text = {0};

    if (string == NULL)
        return NULL;
    text_add(&text, "", 0);
    while (*string) {
        uint32_t point = *string++;

        if ((point & 0xFC00) == 0xD800 && (*string & 0xFC00) == 0xDC00)
            point = 0x10000 + ((point & 0x3FF) << 10) + (*string++ & 0x3FF);
        add_code_point(&text, point);
    }
    return text.bytes;
}

/* What is no UTF-8 is taken for Latin-1, byte by byte: steering may ask for any bytes. */
static uint32_t next_code_point(const unsigned char **string)
{
    const unsigned char *s = *string;
    size_t count = s[0] >= 0xF0 ? 3 : s[0] >= 0xE0 ? 2 : s[0] >= 0xC0 ? 1 : 0;
    uint32_t point = count == 0 ? s[0] : s[0] & (0x3Fu >> count);

    for (size_t i = 1; i <= count; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            *string = s + 1;
            return s[0];
        }
        point = point << 6 | (s[i] & 0x3F);
    }
    *string = s + 1 + count;
    return point;
}

size_t wide_length(const char *string)
{
    const unsigned char *s = (const unsigned char *)string;
    size_t length = 0;

    while (*s)
        length += next_code_point(&s) >= 0x10000 ? 2 : 1;
    return length;
}

void widen_into(wide *target, const char *string)
{
    const unsigned char *s = (const unsigned char *)string;

    while (*s) {
        uint32_t point = next_code_point(&s);

        if (point >= 0x10000) {
            point -= 0x10000;
            *target++ = (wide)(0xD800 | point >> 10);
            *target++ = (wide)(0xDC00 | (point & 0x3FF));
        } else {
            *target++ = (wide)point;
        }
    }
    *target = 0;
}
