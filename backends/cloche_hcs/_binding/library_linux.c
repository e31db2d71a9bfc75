/* What stands for vmcompute.dll where there is none: a shared object that the tests name. */
#ifndef _WIN32
#include "binding.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *library_path;
static void *library;

enum { MODULE_NOT_FOUND = 126 }; /* ERROR_MOD_NOT_FOUND of Windows */

void cloche_use_library(const char *path)
{
    pthread_mutex_lock(&lock);
    free(library_path);
    library_path = strdup(path);
    pthread_mutex_unlock(&lock);
}

uint32_t cloche_load(void)
{
    pthread_mutex_lock(&lock);
    if (!library && library_path)
        library = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
    uint32_t error = library ? 0 : MODULE_NOT_FOUND;
    pthread_mutex_unlock(&lock);
    return error;
}

int library_is_loaded(void)
{
    return cloche_load() == 0;
}

any_function find_function(const char *name)
{
    return cloche_load() == 0 ? (any_function)dlsym(library, name) : NULL;
}

free_memory find_free(void)
{
    static _Atomic(free_memory) found;
    if (!found)
        found = (free_memory)find_function("CoTaskMemFree");
    return found;
}
#endif
