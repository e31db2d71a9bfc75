/* The queue of notifications: a completion port. */
#ifdef _WIN32
#include "binding.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

static INIT_ONCE made = INIT_ONCE_STATIC_INIT;
static HANDLE port;

static BOOL CALLBACK make(INIT_ONCE *once, void *parameter, void **context)
{
    (void)once, (void)parameter, (void)context;
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    return port != NULL;
}

static HANDLE the_port(void)
{
    InitOnceExecuteOnce(&made, make, NULL, NULL);
    return port;
}

int queue_put(cloche_notification *notification)
{
    return PostQueuedCompletionStatus(the_port(), 0, 0, (OVERLAPPED *)notification);
}

cloche_notification *queue_take(int milliseconds)
{
    DWORD size;
    ULONG_PTR key;
    OVERLAPPED *taken = NULL;
    if (!the_port()) { /* nothing can ever come: no reason to look all the time */
        Sleep(1000);
        return NULL;
    }
    GetQueuedCompletionStatus(the_port(), &size, &key, &taken,
                              milliseconds < 0 ? INFINITE : (DWORD)milliseconds);
    return (cloche_notification *)taken;
}
#endif
