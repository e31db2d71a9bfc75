/* JSON as Cloche itself writes it: ASCII, without white space, each string spelled in the one way that its writer has.
 *
 * So texts are equal where values are, and what was read may be shown again as it stands. Everything else is not
 * plain, and is for Python to read. */
#ifndef CLOCHE_JSON_H
#define CLOCHE_JSON_H

#include <stddef.h>
#include <stdint.h>

/* The text of one value; quotes and braces are part of it. */
struct json {
    const char *at;
    size_t size;
};

struct json_member {
    struct json name; /* nothing for what is in a list */
    struct json value;
};

/* What is yet to be seen of an object or a list. */
struct json_walk {
    const char *at;
    const char *end;
    int named;
};

/* Whether a whole text is plain; nothing else may be asked of one that is not. */
int json_is_plain(struct json text);

struct json_walk json_enter(struct json value);
/* 0 at the end. */
int json_next(struct json_walk *walk, struct json_member *member);

/* 1 and the value of a name, 0 if there is none, -1 if there are several. */
int json_find(struct json object, const char *name, struct json *value);
/* Whether no name of an object is there twice; also no for one with more than a few hundred. */
int json_has_distinct_names(struct json object);

/* Whether it is exactly this text; a string's quotes are part of it. */
int json_is(struct json value, const char *text);
int json_is_object(struct json value);
int json_is_list(struct json value);
int json_is_string(struct json value);
/* Whether it is a string of these very characters, none of which has to be escaped. */
int json_says(struct json value, const char *text);
/* Whether it is a number without sign or fraction; which one. */
int json_number(struct json value, uint64_t *number);
/* The characters of a string in which nothing is escaped, with a NUL; 0 if it is none, or does not fit. */
int json_copy(struct json value, char *to, size_t room);

#endif
