/* Hears of each memory of COM that is freed, whoever frees it: an IMallocSpy. */
#define COBJMACROS
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <objbase.h>

#include "platform.h"

static void (*hears_of_freed)(void *memory);

static HRESULT WINAPI query(IMallocSpy *spy, REFIID id, void **object)
{
    (void)id; /* COM asks for nothing but a spy */
    *object = spy;
    return S_OK;
}

static ULONG WINAPI count_reference(IMallocSpy *spy)
{
    (void)spy; /* lives as long as the library */
    return 1;
}

static SIZE_T WINAPI before_allocating(IMallocSpy *spy, SIZE_T size)
{
    (void)spy;
    return size;
}

static void *WINAPI after_allocating(IMallocSpy *spy, void *memory)
{
    (void)spy;
    return memory;
}

static void *WINAPI before_freeing(IMallocSpy *spy, void *memory, BOOL spied)
{
    (void)spy;
    (void)spied;
    if (memory != NULL)
        hears_of_freed(memory);
    return memory;
}

static void WINAPI after_freeing(IMallocSpy *spy, BOOL spied)
{
    (void)spy;
    (void)spied;
}

static SIZE_T WINAPI before_reallocating(IMallocSpy *spy, void *memory, SIZE_T size, void **passed,
                                         BOOL spied)
{
    (void)spy;
    (void)spied;
    *passed = memory;
    return size;
}

static void *WINAPI after_reallocating(IMallocSpy *spy, void *memory, BOOL spied)
{
    (void)spy;
    (void)spied;
    return memory;
}

static void *WINAPI before_asking(IMallocSpy *spy, void *memory, BOOL spied)
{
    (void)spy;
    (void)spied;
    return memory;
}

static SIZE_T WINAPI after_size(IMallocSpy *spy, SIZE_T size, BOOL spied)
{
    (void)spy;
    (void)spied;
    return size;
}

static int WINAPI after_did_alloc(IMallocSpy *spy, void *memory, BOOL spied, int actual)
{
    (void)spy;
    (void)memory;
    (void)spied;
    return actual;
}

static void WINAPI around_minimizing(IMallocSpy *spy)
{
    (void)spy;
}

static IMallocSpyVtbl functions = {
    query, count_reference, count_reference,
    before_allocating, after_allocating,
    before_freeing, after_freeing,
    before_reallocating, after_reallocating,
    before_asking, after_size,
    before_asking, after_did_alloc,
    around_minimizing, around_minimizing,
};

static IMallocSpy spy = {&functions};

void watch_string_memory(void (*freed)(void *memory))
{
    hears_of_freed = freed;
    CoRegisterMallocSpy(&spy);
}
