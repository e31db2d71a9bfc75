/* What is in a directory. */
#ifndef CLOCHE_ENTRIES_H
#define CLOCHE_ENTRIES_H

enum { ENTRY_UNKNOWN = 0, ENTRY_DIRECTORY = 4 /* DT_DIR */ };

/* Calls for every entry but `.` and `..`; what goes meanwhile may be among them. */
void each_entry(int directory, void (*function)(void *context, const char *name, int kind), void *context);

#endif
