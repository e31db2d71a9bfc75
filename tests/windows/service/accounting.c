#include "accounting.h"

#include <pthread.h>
#include <stdlib.h>

/* Strings are found by address in a table of chains: a soak test has thousands at once. */
enum { CHAINS = 1024 };

struct entry {
    void *memory;
    int age; /* of which reckoning */
    struct entry *next;
};

struct pipe_entry {
    struct pipe_ends pipe;
    struct pipe_entry *next;
};

/* Never held while memory is asked for: freeing is reported by COM under a lock of its own. */
static pthread_mutex_t accounts = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t watched = PTHREAD_ONCE_INIT;
static struct entry *chains[CHAINS];
static int strings;
static int age;
static struct pipe_entry *pipes;
static struct text misuses;

static struct entry **chain_of(const void *memory)
{
    return &chains[(uintptr_t)memory / 16 % CHAINS];
}

static void string_freed(void *memory)
{
    struct entry **link, *entry;

    pthread_mutex_lock(&accounts);
    for (link = chain_of(memory); (entry = *link) != NULL; link = &entry->next)
        if (entry->memory == memory) {
            *link = entry->next;
            strings -= entry->age == age;
            break;
        }
    pthread_mutex_unlock(&accounts);
    free(entry);
}

static void watch(void)
{
    watch_string_memory(string_freed);
}

wide *give_string(const char *string)
{
    struct entry *entry, **chain;
    wide *memory;

    if (string == NULL)
        return NULL;
    pthread_once(&watched, watch);
    entry = need(malloc(sizeof *entry));
    memory = need(string_memory((wide_length(string) + 1) * sizeof *memory));
    widen_into(memory, string);
    chain = chain_of(memory);
    pthread_mutex_lock(&accounts);
    *entry = (struct entry){memory, age, *chain};
    *chain = entry;
    strings++;
    pthread_mutex_unlock(&accounts);
    return memory;
}

int strings_outstanding(void)
{
    int count;

    pthread_mutex_lock(&accounts);
    count = strings;
    pthread_mutex_unlock(&accounts);
    return count;
}

void note_pipe(const struct pipe_ends *pipe)
{
    struct pipe_entry *entry = need(malloc(sizeof *entry));

    pthread_mutex_lock(&accounts);
    *entry = (struct pipe_entry){*pipe, pipes};
    pipes = entry;
    pthread_mutex_unlock(&accounts);
}

/* An end that was found closed is not looked at again: its number may belong to another by then. */
int pipes_outstanding(void)
{
    int count = 0;

    pthread_mutex_lock(&accounts);
    for (struct pipe_entry **link = &pipes; *link != NULL;) {
        struct pipe_entry *entry = *link;

        if (client_end_is_open(&entry->pipe)) {
            count++;
            link = &entry->next;
        } else {
            *link = entry->next;
            free(entry);
        }
    }
    pthread_mutex_unlock(&accounts);
    return count;
}

void note_misuse(const char *format, ...)
{
    char sentence[200];
    va_list list;

    va_start(list, format);
    vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    pthread_mutex_lock(&accounts);
    text_add(&misuses, ",", misuses.length > 0);
    text_quote(&misuses, sentence);
    pthread_mutex_unlock(&accounts);
}

void print_misuses(struct text *text)
{
    pthread_mutex_lock(&accounts);
    text_print(text, "[%s]", text_string(&misuses));
    pthread_mutex_unlock(&accounts);
}

/* Strings that were given out stay known, for freeing them later, but count no more. */
void forget_accounts(void)
{
    pthread_mutex_lock(&accounts);
    strings = 0;
    age++;
    while (pipes != NULL) {
        struct pipe_entry *next = pipes->next;

        free(pipes);
        pipes = next;
    }
    text_clear(&misuses);
    pthread_mutex_unlock(&accounts);
}
