/* What the files of the binding know of each other. */
#ifndef CLOCHE_BINDING_H
#define CLOCHE_BINDING_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define SERVICE_CALL __stdcall
#else
#define SERVICE_CALL
#include <time.h>
struct timespec deadline_after(int milliseconds); /* on CLOCK_MONOTONIC; now for -1 */
#endif

/* The service is of 64 bits: what a program of 32 bits reaches through WOW64 is not it. */
_Static_assert(sizeof(void *) == 8, "cloche_hcs needs a Python of 64 bits");

#include "vmcompute.h"

typedef void (*any_function)(void);

/* The named function of the library, which is loaded for it; NULL without either. */
any_function find_function(const char *name);
int library_is_loaded(void);

typedef void(SERVICE_CALL *free_memory)(void *memory);
free_memory find_free(void);

void SERVICE_CALL cloche_notify(uint32_t type, void *key, uint32_t status, const uint16_t *data);

/* The queue of a platform: takes what it is given, or answers 0; NULL wakes who waits. */
int queue_put(cloche_notification *notification);
cloche_notification *queue_take(int milliseconds);

#endif
