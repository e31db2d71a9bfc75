/* Flags in Go's grammar, as `cloche_cli/oci/flags.py` has it, and those that `cloche_cli/oci/program.py` knows. */
#include "line.h"

#include "launcher.h"

enum kind { SWITCH, TEXT };

struct flag {
    const char *name;
    enum kind kind;
    const char *value; /* that of a switch is "1" or "0" */
};

enum { ROOT, LOG, LOG_FORMAT, CGROUP_MANAGER, DEBUG, SYSTEMD_CGROUP, ROOTLESS, GLOBAL_FLAGS };
enum { FORCE, FORCE_SHORT, DELETE_FLAGS };

/* Words that are yet to be read, and what was found in those before. */
struct reading {
    char **next;
    char **end;
    struct flag *flags;
    int flag_count;
    const char **words;
    int word_count;
};

static struct flag *find_flag(const struct reading *r, const char *name, size_t length)
{
    for (int i = 0; i < r->flag_count; i++)
        if (text_length(r->flags[i].name) == length && memcmp(r->flags[i].name, name, length) == 0)
            return r->flags + i;
    hand_over(); /* also for -h, and for short ones together */
}

static const char *truth(const char *text)
{
    if (text_equal(text, "true") || text_equal(text, "1"))
        return "1";
    if (text_equal(text, "false") || text_equal(text, "0"))
        return "0";
    hand_over();
}

static void take_flag(struct reading *r, const char *word)
{
    while (*word == '-')
        word++;
    size_t length = text_find(word, text_length(word), '=');
    struct flag *flag = find_flag(r, word, length);
    const char *given = word[length] == '=' ? word + length + 1 : NULL;
    if (flag->kind == SWITCH)
        flag->value = truth(given ? given : "true");
    else if (given)
        flag->value = given;
    else if (r->next < r->end)
        flag->value = *r->next++;
    else
        hand_over();
}

static void take_word(struct reading *r, const char *word)
{
    if (r->word_count == MOST_WORDS)
        hand_over();
    r->words[r->word_count++] = word;
}

static int is_flag(const char *word)
{
    return word[0] == '-' && word[1];
}

/* Reads on until all is read, or until the first word that is no flag where flags may not stand `behind` it. */
static void read_flags(struct reading *r, int behind)
{
    while (r->next < r->end) {
        const char *word = *r->next++;
        if (text_equal(word, "--"))
            hand_over();
        if (is_flag(word)) {
            take_flag(r, word);
            continue;
        }
        take_word(r, word);
        if (!behind)
            return;
    }
}

/* Refuses what Python would refuse, and makes the log as Python does before anything else. */
static void check_global(const struct flag *flags)
{
    const char *manager = flags[CGROUP_MANAGER].value, *format = flags[LOG_FORMAT].value;
    if (manager && *manager && !text_equal(manager, "cgroupfs") && !text_equal(manager, "systemd")
        && !text_equal(manager, "disabled"))
        hand_over();
    if (format && !text_equal(format, "text") && !text_equal(format, "json"))
        hand_over();
    if (!flags[LOG].value)
        return;
    long log = CALL(openat, AT_FDCWD, flags[LOG].value, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (log < 0)
        hand_over();
    CALL(close, log);
}

static struct reading read_global(struct flag *flags, const char **command)
{
    struct reading r = {
        the_call.words + 1, the_call.words + the_call.count, flags, GLOBAL_FLAGS, command, 0,
    };
    read_flags(&r, 0);
    if (r.word_count == 0)
        hand_over();
    return r;
}

static void read_below(struct reading *r, struct line *line)
{
    struct flag flags[DELETE_FLAGS] = {
        [FORCE] = {"force", SWITCH, NULL},
        [FORCE_SHORT] = {"f", SWITCH, NULL},
    };
    r->flags = flags;
    r->flag_count = text_equal(line->command, "delete") ? DELETE_FLAGS : 0;
    r->words = line->words;
    r->word_count = 0;
    read_flags(r, 1);
    if (flags[FORCE].value && flags[FORCE_SHORT].value)
        hand_over(); /* the last of them would count */
    const char *force = flags[FORCE].value ? flags[FORCE].value : flags[FORCE_SHORT].value;
    line->force = force && text_equal(force, "1");
    line->count = r->word_count;
}

struct line read_line(void)
{
    struct flag flags[GLOBAL_FLAGS] = {
        [ROOT] = {"root", TEXT, NULL},
        [LOG] = {"log", TEXT, NULL},
        [LOG_FORMAT] = {"log-format", TEXT, NULL},
        [CGROUP_MANAGER] = {"cgroup-manager", TEXT, NULL},
        [DEBUG] = {"debug", SWITCH, NULL},
        [SYSTEMD_CGROUP] = {"systemd-cgroup", SWITCH, NULL},
        [ROOTLESS] = {"rootless", TEXT, NULL},
    };
    static const char *const known[] = {"state", "kill", "start", "delete"};
    struct line line = {0};
    struct reading r = read_global(flags, &line.command);
    for (int i = 0; i < 4; i++) {
        if (!text_equal(line.command, known[i]))
            continue;
        read_below(&r, &line);
        check_global(flags);
        line.root = flags[ROOT].value && *flags[ROOT].value ? flags[ROOT].value : NULL;
        return line;
    }
    hand_over();
}
