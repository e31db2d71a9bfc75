/* Memory and strings, without a C library. */
#ifndef CLOCHE_TEXT_H
#define CLOCHE_TEXT_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

#define text_length strlen

/* Where the character is first, or `length`. */
size_t text_find(const char *text, size_t length, char wanted);
int text_equal(const char *a, const char *b);

/* Appends within `room`, which includes the NUL; returns the new length, or 0 once it no longer fits. */
size_t text_append(char *to, size_t length, size_t room, const char *text, size_t size);
size_t text_append_number(char *to, size_t length, size_t room, uint64_t number);

#endif
