/* Signals by number and name, the usual ones; `cloche/signals.py` knows all. */
#include "container.h"

enum { LAST_SIGNAL = 64 };

static const char *const names[] = {
    "HUP",  "INT",  "QUIT", "ILL",    "TRAP", "ABRT", "BUS",  "FPE",  "KILL", "USR1", "SEGV",
    "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU",
    "URG",  "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR",  "SYS",
};

static int by_number(const char *word)
{
    int number = 0;
    size_t length = text_length(word);
    if (length > 2 || (word[0] == '0' && length > 1))
        hand_over();
    for (; *word; word++) {
        if (*word < '0' || *word > '9')
            hand_over();
        number = number * 10 + (*word - '0');
    }
    if (number > LAST_SIGNAL)
        hand_over();
    return number;
}

int signal_number(const char *word)
{
    if (word[0] >= '0' && word[0] <= '9')
        return by_number(word);
    if (text_length(word) > 3 && memcmp(word, "SIG", 3) == 0)
        word += 3;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_equal(word, names[i]))
            return (int)i + 1;
    hand_over();
}
