/* Finding one's way in a text that is known to be plain. */
#include "json.h"

#include "../helper/text.h"

enum { MOST_NAMES = 512 };

static const char *after_string(const char *at)
{
    for (at++; *at != '"'; at++)
        at += *at == '\\';
    return at + 1;
}

/* Where a value ends; braces count, but for those in strings. */
static const char *after_value(const char *at, const char *end)
{
    unsigned depth = 0;
    while (at < end) {
        char c = *at;
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return at;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at = c == '"' ? after_string(at) : at + 1;
    }
    return at;
}

struct json_walk json_enter(struct json value)
{
    struct json_walk walk = {value.at + 1, value.at + value.size - 1, *value.at == '{'};
    return walk;
}

int json_next(struct json_walk *walk, struct json_member *member)
{
    if (walk->at >= walk->end)
        return 0;
    member->name.at = walk->at;
    member->name.size = 0;
    if (walk->named) {
        walk->at = after_string(walk->at);
        member->name.size = (size_t)(walk->at - member->name.at);
        walk->at++; /* the colon */
    }
    member->value.at = walk->at;
    walk->at = after_value(walk->at, walk->end);
    member->value.size = (size_t)(walk->at - member->value.at);
    walk->at++; /* the comma */
    return 1;
}

int json_find(struct json object, const char *name, struct json *value)
{
    struct json_walk walk = json_enter(object);
    struct json_member member;
    int found = 0;
    while (json_next(&walk, &member)) {
        if (!json_says(member.name, name))
            continue;
        if (found)
            return -1;
        *value = member.value;
        found = 1;
    }
    return found;
}

static int is_same(struct json a, struct json b)
{
    return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

int json_has_distinct_names(struct json object)
{
    struct json names[MOST_NAMES];
    struct json_walk walk = json_enter(object);
    struct json_member member;
    for (int count = 0; json_next(&walk, &member); count++) {
        for (int i = 0; i < count; i++)
            if (is_same(names[i], member.name))
                return 0;
        if (count == MOST_NAMES)
            return 0;
        names[count] = member.name;
    }
    return 1;
}

int json_is(struct json value, const char *text)
{
    struct json wanted = {text, text_length(text)};
    return is_same(value, wanted);
}

int json_is_object(struct json value)
{
    return value.size && *value.at == '{';
}

int json_is_list(struct json value)
{
    return value.size && *value.at == '[';
}

int json_is_string(struct json value)
{
    return value.size && *value.at == '"';
}

int json_says(struct json value, const char *text)
{
    if (!json_is_string(value))
        return 0;
    struct json inside = {value.at + 1, value.size - 2};
    return json_is(inside, text);
}

int json_number(struct json value, uint64_t *number)
{
    if (value.size == 0 || value.size > 18) /* all of them fit */
        return 0;
    *number = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return 0;
        *number = *number * 10 + (uint64_t)(value.at[i] - '0');
    }
    return 1;
}

int json_copy(struct json value, char *to, size_t room)
{
    if (!json_is_string(value) || value.size - 2 >= room)
        return 0;
    if (text_find(value.at, value.size, '\\') < value.size)
        return 0;
    memcpy(to, value.at + 1, value.size - 2);
    to[value.size - 2] = '\0';
    return 1;
}
