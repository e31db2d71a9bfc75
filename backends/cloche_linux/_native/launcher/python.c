/* Finding Python, and becoming it.
 *
 * Which one is told by where this program is: `pip` puts it beside the interpreter of an environment. Elsewhere, as
 * with Debian's pip, the directory of packages beside it says which version they were installed for. */
#include "launcher.h"

#include "installed.h"
#include "undump.h"

enum { FIRST_MINOR = 11, LAST_MINOR = 39, OURS = 6 /* words */, BY_MODULE = 4 };

static const char USUAL_PATH[] = "/usr/local/bin:/usr/bin:/bin";

/* What Python gets: its own name, words that make it ours, and those that we got. */
struct handed {
    char **words;
    char **room; /* where the words may begin: before those that we got, OURS have room */
    char **environment;
    const char *more; /* the last of the variables, which we did not get; NULL if there is none */
};

/* -P: what is in the current directory, somebody's bundle, is no module of ours. */
static void by_module(struct handed *handed)
{
    static char *const words[BY_MODULE] = {"python3", "-P", "-m", "cloche_cli.oci"};
    handed->words = handed->room + OURS - BY_MODULE;
    memcpy(handed->words, words, sizeof words);
}

/* Quicker, for it leaves out what makes an interpreter another's: variables, and what is installed elsewhere. */
static void by_script(struct handed *handed, char *script)
{
    static struct path launcher;
    const char *no_bytecode = variable("PYTHONDONTWRITEBYTECODE");
    path_start(&launcher, "launcher=");
    path_add(&launcher, this_program()->text);
    char *const words[OURS] = {"python3", "-I", no_bytecode && *no_bytecode ? "-SB" : "-S",
                               "-X", launcher.text, script};
    handed->words = handed->room;
    memcpy(handed->words, words, sizeof words);
}

static void try(struct handed *handed, const struct path *program)
{
    if (!program->length)
        return;
    handed->words[0] = (char *)program->text;
    CALL(execve, program->text, handed->words, handed->environment);
}

/* Tries a name in each directory of a list; one that is relative is passed over. */
static void try_along(struct handed *handed, const char *list, const char *name)
{
    while (*list) {
        size_t length = text_find(list, text_length(list), ':');
        struct path program;
        program.length = text_append(program.text, 0, sizeof program.text, list, length);
        path_add(&program, "/");
        path_add(&program, name);
        if (*list == '/')
            try(handed, &program);
        list += length + (list[length] == ':');
    }
}

static void try_everywhere(struct handed *handed, const char *name)
{
    const char *list = variable("PATH");
    if (list)
        try_along(handed, list, name);
    try_along(handed, USUAL_PATH, name);
}

static void try_beside(struct handed *handed, const char *folder, const char *name)
{
    struct path program;
    path_start(&program, folder);
    path_add(&program, "/");
    path_add(&program, name);
    try(handed, &program);
}

static int begins(const char *text, const char *with)
{
    return text_length(text) >= text_length(with) && memcmp(text, with, text_length(with)) == 0;
}

/* Whether something of the caller's tells Python how to be, but for what changes nothing here, or is said by a flag. */
static int is_told(void)
{
    for (char **each = the_call.environment; *each; each++)
        if (begins(*each, "PYTHON") && !begins(*each, "PYTHONUNBUFFERED=")
            && !begins(*each, "PYTHONDONTWRITEBYTECODE="))
            return 1;
    return 0;
}

static void try_version(struct handed *handed, const char *folder, unsigned minor, struct path *script)
{
    struct path name;
    path_start(&name, "python3.");
    path_add_number(&name, minor);
    if (script->length && !is_told() && has_streams()) {
        if (!handed->more)
            undump(script, minor);
        by_script(handed, script->text);
        try_beside(handed, folder, name.text);
        by_module(handed);
    }
    try_beside(handed, folder, name.text);
    try_everywhere(handed, name.text);
}

/* `prefix` has the libraries, and `folder` in it the programs. */
static void try_installed(struct handed *handed, const char *prefix, const char *folder)
{
    struct path script;
    for (unsigned minor = FIRST_MINOR; minor <= LAST_MINOR; minor++)
        if (is_installed_for(prefix, minor, &script))
            try_version(handed, folder, minor, &script);
}

/* Cuts a path's last name off. */
static void cut(struct path *path)
{
    while (path->length && path->text[path->length - 1] != '/')
        path->length--;
    if (path->length)
        path->text[--path->length] = '\0';
}

static void try_here(struct handed *handed)
{
    struct path folder = *this_program(), prefix;
    if (!folder.length)
        return;
    cut(&folder);
    path_start(&prefix, folder.length ? folder.text : "");
    cut(&prefix);
    try_installed(handed, prefix.length ? prefix.text : "", folder.text);
    try_beside(handed, folder.text, "python3");
    try_beside(handed, folder.text, "python");
}

static int count_variables(void)
{
    int count = 0;
    while (the_call.environment[count])
        count++;
    return count;
}

void hand_over_with(const char *more)
{
    static const char lost[] = "cloche: there is no Python to run this: install python3, or put it on the PATH\n";
    int variables = count_variables(), count = the_call.count + OURS;
    char *words[count], *environment[variables + 2];
    for (int i = OURS; i < count - 1; i++)
        words[i] = the_call.words[i - OURS + 1];
    words[count - 1] = NULL;
    for (int i = 0; i < variables; i++)
        environment[i] = the_call.environment[i];
    environment[variables] = (char *)more;
    environment[variables + 1] = NULL;
    struct handed handed = {words, words, environment, more};
    by_module(&handed);
    try_here(&handed);
    try_everywhere(&handed, "python3");
    CALL(write, 2, lost, sizeof lost - 1);
    end(1);
}

void hand_over(void)
{
    hand_over_with(NULL);
}
