#include "json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { DEEPEST = 100 };

static const char *past_value(const char *at, int depth);

static const char *past_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *past_string(const char *at)
{
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1])
            at++;
    return *at == '"' ? at + 1 : NULL;
}

static const char *past_member(const char *at, int depth)
{
    at = *at == '"' ? past_string(at) : NULL;
    at = at ? past_space(at) : NULL;
    return at && *at == ':' ? past_value(past_space(at + 1), depth) : NULL;
}

static const char *past_collection(const char *at, int depth)
{
    char end = *at == '{' ? '}' : ']';
    bool object = *at == '{';

    at = past_space(at + 1);
    if (*at == end)
        return at + 1;
    while ((at = object ? past_member(at, depth) : past_value(at, depth)) != NULL) {
        at = past_space(at);
        if (*at == end)
            return at + 1;
        if (*at != ',')
            return NULL;
        at = past_space(at + 1);
    }
    return NULL;
}

static const char *past_word(const char *at)
{
    size_t length = strspn(at, "+-.0123456789Eaeflnrstu");

    return length > 0 ? at + length : NULL;
}

/* Behind the value that begins here, or NULL if none does. */
static const char *past_value(const char *at, int depth)
{
    if (depth > DEEPEST)
        return NULL;
    if (*at == '{' || *at == '[')
        return past_collection(at, depth + 1);
    return *at == '"' ? past_string(at) : past_word(at);
}

bool json_is_object(const char *document)
{
    const char *end;

    document = document ? past_space(document) : "";
    end = *document == '{' ? past_value(document, 0) : NULL;
    return end != NULL && *past_space(end) == 0;
}

static const char *first_member(const char *object)
{
    object = past_space(object);
    return *object == '{' ? past_space(object + 1) : NULL;
}

bool json_next(const char **cursor, char **name, const char **value)
{
    const char *at = past_space(*cursor), *end;

    at = *at == '{' ? first_member(at) : *at == ',' ? past_space(at + 1) : NULL;
    if (at == NULL || *at != '"' || (end = past_member(at, 0)) == NULL)
        return false;
    *name = json_string(at);
    *value = past_space(past_space(past_string(at)) + 1);
    *cursor = end;
    return true;
}

const char *json_member(const char *object, const char *name)
{
    const char *value;
    char *found;

    while (object != NULL && json_next(&object, &found, &value)) {
        bool same = strcmp(found, name) == 0;

        free(found);
        if (same)
            return value;
    }
    return NULL;
}

static uint32_t hexadecimal(const char **at)
{
    char digits[5] = {0};

    for (int i = 0; i < 4 && **at; i++)
        digits[i] = *(*at)++;
    return (uint32_t)strtoul(digits, NULL, 16);
}

static void add_escaped(struct text *text, const char **at)
{
    static const char *const letters = "bfnrt", *const meanings = "\b\f\n\r\t";
    const char *letter = strchr(letters, **at);
    wide units[3] = {0};
    char *string;

    if (**at != 'u') {
        text_add(text, letter ? meanings + (letter - letters) : *at, 1);
        (*at)++;
        return;
    }
    (*at)++;
    units[0] = (wide)hexadecimal(at);
    if ((units[0] & 0xFC00) == 0xD800 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        *at += 2;
        units[1] = (wide)hexadecimal(at);
    }
    string = narrow(units);
    text_add(text, string, strlen(string));
    free(string);
}

char *json_string(const char *value)
{
    struct text text = {0};

    if (value == NULL || *value != '"')
        return NULL;
    text_add(&text, "", 0);
    for (value++; *value && *value != '"';) {
        if (*value == '\\' && value[1]) {
            value++;
            add_escaped(&text, &value);
        } else {
            text_add(&text, value++, 1);
        }
    }
    return text.bytes;
}

bool json_is_true(const char *value)
{
    return value != NULL && strncmp(value, "true", 4) == 0;
}

bool json_contains(const char *array, const char *string)
{
    const char *at = array && *array == '[' ? past_space(array + 1) : NULL;

    while (at != NULL && *at && *at != ']') {
        char *element = json_string(at);
        bool same = element != NULL && strcmp(element, string) == 0;

        free(element);
        if (same)
            return true;
        at = past_value(at, 0);
        at = at ? past_space(at) : NULL;
        at = at && *at == ',' ? past_space(at + 1) : at;
    }
    return false;
}
