/* Going on from a dump of Python, in which all is imported, instead of beginning with Python. */
#ifndef CLOCHE_UNDUMP_H
#define CLOCHE_UNDUMP_H

#include "launcher.h"

/* Goes on from the dump that belongs to `script`, for Python 3.`minor`, with the words and variables of this program;
 * returns if there is none that is good here and now. What it then has mapped, execve(2) takes away. */
void undump(const struct path *script, unsigned minor);

/* memory.c */

struct dump_head;

/* Takes the memory of an open dump and goes on there; returns if it can't be had. */
void become(int file, const struct dump_head *head);

/* caller.c */

/* Whether there is nothing about the caller that Python would have to learn as it begins. */
int is_plain_caller(void);

#endif
