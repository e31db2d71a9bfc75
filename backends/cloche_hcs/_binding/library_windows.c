/* vmcompute.dll, from System32 and from nowhere else: no variable and no folder changes that. */
#ifdef _WIN32
#include "binding.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

static INIT_ONCE free_sought = INIT_ONCE_STATIC_INIT;
static free_memory co_task_mem_free;
static HMODULE volatile library;

static HMODULE load_from_system(const wchar_t *name)
{
    return LoadLibraryExW(name, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
}

static any_function function_of(HMODULE module, const char *name)
{
    return (any_function)(void *)GetProcAddress(module, name);
}

/* The owner of a string frees it by COM's allocator: from the set of interfaces, not of ole32. */
static BOOL CALLBACK seek_free(INIT_ONCE *once, void *parameter, void **context)
{
    (void)once, (void)parameter, (void)context;
    HMODULE com = load_from_system(L"api-ms-win-core-com-l1-1-0.dll");
    if (com)
        co_task_mem_free = (free_memory)function_of(com, "CoTaskMemFree");
    return TRUE;
}

free_memory find_free(void)
{
    InitOnceExecuteOnce(&free_sought, seek_free, NULL, NULL);
    return co_task_mem_free;
}

/* Tried again each time while it is not there: the feature may be enabled meanwhile. */
uint32_t cloche_load(void)
{
    if (library)
        return 0;
    if (!find_free())
        return ERROR_PROC_NOT_FOUND;
    HMODULE loaded = load_from_system(L"vmcompute.dll");
    if (!loaded)
        return GetLastError();
    library = loaded;
    return 0;
}

int library_is_loaded(void)
{
    return library != NULL;
}

any_function find_function(const char *name)
{
    return cloche_load() == 0 ? function_of(library, name) : NULL;
}

void cloche_use_library(const char *path)
{
    (void)path;
}
#endif
