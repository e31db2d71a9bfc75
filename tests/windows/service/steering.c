#include "steering.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

static struct rule *rules;
static struct rule **last = &rules;

static struct rule *rule_of(char *line)
{
    struct rule *rule = need(calloc(1, sizeof *rule));

    for (int i = 0; i < FIELDS; i++) {
        char *tab = line ? strchr(line, '\t') : NULL;

        rule->field[i] = line ? line : "";
        if (tab != NULL)
            *tab++ = 0;
        line = tab;
    }
    return rule;
}

static void add_rule(const char *line, size_t length)
{
    char *copy = print_string("%.*s", (int)length, line);

    copy[strcspn(copy, "\r")] = 0;
    if (*copy == 0) {
        free(copy);
        return;
    }
    *last = rule_of(copy);
    last = &(*last)->next;
}

void steer(const char *lines)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n");

        add_rule(lines, length);
        lines += length + (lines[length] == '\n');
    }
}

void forget_steering(void)
{
    while (rules != NULL) {
        struct rule *next = rules->next;

        free((char *)(uintptr_t)rules->field[0]);
        free(rules);
        rules = next;
    }
    last = &rules;
}

static struct rule *find(struct rule *rule, const char *kind)
{
    while (rule != NULL && strcmp(rule->field[0], kind) != 0)
        rule = rule->next;
    return rule;
}

struct rule *first_rule(const char *kind)
{
    return find(rules, kind);
}

struct rule *next_rule(struct rule *rule)
{
    return find(rule->next, rule->field[0]);
}

struct rule *rule_about(const char *kind, const char *name)
{
    struct rule *rule = first_rule(kind);

    while (rule != NULL && strcmp(rule->field[1], name) != 0)
        rule = next_rule(rule);
    return rule;
}

struct rule *rule_for(const char *kind, const char *name, int number)
{
    struct rule *rule = first_rule(kind);

    while (rule && (strcmp(rule->field[1], name) != 0 || !is_number(rule->field[2], number)))
        rule = next_rule(rule);
    return rule;
}

bool is_number(const char *field, int number)
{
    return strcmp(field, "*") == 0 || atoi(field) == number;
}

uint32_t field_code(const char *field)
{
    return (uint32_t)strtoul(field, NULL, 0);
}

const char *raw_document(const char *kind)
{
    struct rule *rule = first_rule(kind);

    return rule ? rule->field[1] : NULL;
}

int pace(void)
{
    struct rule *rule = first_rule("pace");

    return rule ? atoi(rule->field[1]) : 20;
}
