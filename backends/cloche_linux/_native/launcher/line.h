/* What was typed, as far as it is plain. */
#ifndef CLOCHE_LINE_H
#define CLOCHE_LINE_H

enum { MOST_WORDS = 4 };

struct line {
    const char *root; /* where containers are; NULL for the usual place */
    const char *command;
    const char *words[MOST_WORDS]; /* after the command, without flags */
    int count;
    int force;
};

/* Reads the call; Python gets every line that is not plain. */
struct line read_line(void);

#endif
