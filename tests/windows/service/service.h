/* What the files with the exported functions share. */
#ifndef SERVICE_H
#define SERVICE_H

#include "objects.h"

/* The document that a call gives out, and its record; `NULL` stands for none. */
void give_document(wide **document, const char *name, const char *string);

/* To give back a handle is possible whatever became of the service. */
hresult decide_release(handle given_back, enum handle_kind kind);

/* The beginning of each document about a system, its brace left open. */
void print_system_names(struct text *text, const struct system *system);

#endif
