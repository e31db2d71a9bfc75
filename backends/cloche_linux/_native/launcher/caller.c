/* What Python learns of its caller as it begins: who it is, and how text is written. */
#include "undump.h"

static int is_one_user(void)
{
    return CALL(getuid) == CALL(geteuid) && CALL(getgid) == CALL(getegid);
}

static int ends_with(const char *text, const char *end)
{
    size_t length = text_length(text), wanted = text_length(end);
    return length >= wanted && text_equal(text + length - wanted, end);
}

/* The first of these that is not empty says it (setlocale(3)); Python takes C for UTF-8. */
static int writes_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (int i = 0; i < 3; i++) {
        const char *value = variable(names[i]);
        if (value && *value)
            return text_equal(value, "C") || text_equal(value, "POSIX") || ends_with(value, ".UTF-8")
                   || ends_with(value, ".utf8");
    }
    return 1;
}

int is_plain_caller(void)
{
    return is_one_user() && writes_utf8();
}
