/* What the service has handed out and not got back. */
#ifndef ACCOUNTING_H
#define ACCOUNTING_H

#include "abi.h"
#include "platform.h"
#include "text.h"

wide *give_string(const char *string); /* the caller's to free; NULL stays NULL */
int strings_outstanding(void);

void note_pipe(const struct pipe_ends *pipe);
int pipes_outstanding(void);

/* What no client may do, though it goes unpunished here: a sentence. */
void note_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_misuses(struct text *text); /* as a JSON array */

void forget_accounts(void);

#endif
