#include "text.h"

#ifndef HOSTED
/* The compiler calls these for copies and initialisers; optimising the loops would make them call themselves. */
#define PLAIN_LOOP __attribute__((optimize("no-tree-loop-distribute-patterns")))
#ifdef __clang__
#undef PLAIN_LOOP
#define PLAIN_LOOP __attribute__((no_builtin))
#endif

PLAIN_LOOP void *memcpy(void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

PLAIN_LOOP void *memset(void *to, int byte, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((char *)to)[i] = (char)byte;
    return to;
}

PLAIN_LOOP int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a, *right = b;
    for (size_t i = 0; i < size; i++)
        if (left[i] != right[i])
            return left[i] - right[i];
    return 0;
}

PLAIN_LOOP size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}
#endif

size_t text_find(const char *text, size_t length, char wanted)
{
    size_t i = 0;
    while (i < length && text[i] != wanted)
        i++;
    return i;
}

int text_equal(const char *a, const char *b)
{
    size_t length = text_length(a);
    return length == text_length(b) && memcmp(a, b, length) == 0;
}

size_t text_append(char *to, size_t length, size_t room, const char *text, size_t size)
{
    if (size >= room - length)
        return 0;
    memcpy(to + length, text, size);
    to[length + size] = '\0';
    return length + size;
}

size_t text_append_number(char *to, size_t length, size_t room, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    return text_append(to, length, room, digits + at, sizeof digits - at);
}
