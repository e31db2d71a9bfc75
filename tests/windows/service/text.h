/* Text that grows, and its way between UTF-8 (inside) and UTF-16 (outside). */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

struct text {
    char *bytes; /* ended by a zero as soon as there is any */
    size_t length;
    size_t room;
};

void text_add(struct text *text, const void *bytes, size_t length);
void text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_quote(struct text *text, const char *string); /* as JSON; NULL is null */
void text_clear(struct text *text);                     /* keeps the memory */
void text_free(struct text *text);
const char *text_string(const struct text *text);

/* All return memory of malloc. NULL stays NULL. */
char *narrow(const wide *string);
char *copy_string(const char *string);
char *print_string(const char *format, ...) __attribute__((format(printf, 1, 2)));

size_t wide_length(const char *string); /* in units of UTF-16, without the zero */
void widen_into(wide *target, const char *string);

void *need(void *memory); /* nothing here can go on without memory */

#endif
