/* Whether a text is JSON as Cloche writes it. No recursion: what is open is a bit each. */
#include "json.h"

#include "../helper/text.h"

enum { DEEPEST = 64, MOST_DIGITS = 20 };

struct reader {
    const char *at;
    const char *end;
};

static int next_is(const struct reader *r, char wanted)
{
    return r->at < r->end && *r->at == wanted;
}

static int take(struct reader *r, char wanted)
{
    if (!next_is(r, wanted))
        return 0;
    r->at++;
    return 1;
}

static int hexadecimal(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits, for a character that has neither itself nor a shorter spelling. */
static int take_code(struct reader *r)
{
    int code = 0;
    if (r->end - r->at < 4)
        return 0;
    for (int i = 0; i < 4; i++) {
        int digit = hexadecimal(*r->at++);
        if (digit < 0)
            return 0;
        code = code * 16 + digit;
    }
    int shorter = code == '\b' || code == '\t' || code == '\n' || code == '\f' || code == '\r';
    return !shorter && (code < ' ' || code > '~');
}

static int take_escape(struct reader *r)
{
    static const char letters[] = "\"\\bfnrt";
    if (r->at == r->end)
        return 0;
    char letter = *r->at++;
    if (letter == 'u')
        return take_code(r);
    return text_find(letters, sizeof letters - 1, letter) < sizeof letters - 1;
}

static int take_string(struct reader *r)
{
    if (!take(r, '"'))
        return 0;
    while (r->at < r->end) {
        char c = *r->at++;
        if (c == '"')
            return 1;
        if (c < ' ' || c > '~') /* also what is no ASCII: `char` may have a sign or not */
            return 0;
        if (c == '\\' && !take_escape(r))
            return 0;
    }
    return 0;
}

static size_t take_digits(struct reader *r)
{
    size_t count = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++, count++;
    return count;
}

static int take_number(struct reader *r)
{
    take(r, '-');
    if (!take(r, '0')) {
        size_t digits = take_digits(r);
        if (digits == 0 || digits > MOST_DIGITS)
            return 0;
    }
    if (take(r, '.') && !take_digits(r))
        return 0;
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '-'))
            take(r, '+');
        return take_digits(r) > 0;
    }
    return 1;
}

static int take_word(struct reader *r, const char *word)
{
    size_t length = text_length(word);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0)
        return 0;
    r->at += length;
    return 1;
}

static int take_scalar(struct reader *r)
{
    if (next_is(r, '"'))
        return take_string(r);
    return take_word(r, "true") || take_word(r, "false") || take_word(r, "null") || take_number(r);
}

static int take_name(struct reader *r)
{
    return take_string(r) && take(r, ':');
}

/* After a value: closes all that ends here, and takes what leads to the next one. 0 if something else follows. */
static int go_on(struct reader *r, uint64_t objects, unsigned *depth)
{
    while (*depth) {
        int is_object = objects >> (*depth - 1) & 1;
        if (take(r, ','))
            return is_object ? take_name(r) : 1;
        if (!take(r, is_object ? '}' : ']'))
            return 0;
        --*depth;
    }
    return r->at == r->end;
}

/* What begins at a brace; `empty` if it ends there, too. */
static int open(struct reader *r, uint64_t *objects, unsigned *depth, int *empty)
{
    int is_object = *r->at++ == '{';
    *empty = take(r, is_object ? '}' : ']');
    if (*empty)
        return 1;
    if (*depth == DEEPEST)
        return 0;
    uint64_t bit = (uint64_t)1 << *depth;
    *objects = is_object ? *objects | bit : *objects & ~bit;
    ++*depth;
    return is_object ? take_name(r) : 1;
}

int json_is_plain(struct json text)
{
    struct reader r = {text.at, text.at + text.size};
    uint64_t objects = 0;
    unsigned depth = 0;
    do {
        int ends = 1;
        if (next_is(&r, '{') || next_is(&r, '[')) {
            if (!open(&r, &objects, &depth, &ends))
                return 0;
        } else if (!take_scalar(&r)) {
            return 0;
        }
        if (ends && !go_on(&r, objects, &depth))
            return 0;
    } while (r.at < r.end);
    return depth == 0;
}
