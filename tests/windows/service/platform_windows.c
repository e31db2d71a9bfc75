#define WIN32_LEAN_AND_MEAN
#define _WIN32_WINNT 0x0602
#include <windows.h>

#include <objbase.h>

#include "platform.h"
#include "synchronous_reads.h"

enum { TICK = 10, PIPE_ROOM = 65536 };

uint64_t milliseconds_now(void)
{
    return GetTickCount64();
}

void sleep_milliseconds(int milliseconds)
{
    Sleep((DWORD)milliseconds);
}

void *string_memory(size_t size)
{
    return CoTaskMemAlloc(size);
}

/* ---- privileges ---- */

static bool token_of_thread(HANDLE *token)
{
    return OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, token) ||
           OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, token);
}

bool has_layer_privileges(void)
{
    struct {
        PRIVILEGE_SET set;
        LUID_AND_ATTRIBUTES second;
    } needed = {{2, PRIVILEGE_SET_ALL_NECESSARY, {{{0, 0}, 0}}}, {{0, 0}, 0}};
    LUID_AND_ATTRIBUTES *privileges = needed.set.Privilege;
    BOOL held = FALSE;
    HANDLE token;

    LookupPrivilegeValueW(NULL, L"SeBackupPrivilege", &privileges[0].Luid);
    LookupPrivilegeValueW(NULL, L"SeRestorePrivilege", &needed.second.Luid);
    if (!token_of_thread(&token))
        return false;
    PrivilegeCheck(token, &needed.set, &held);
    CloseHandle(token);
    return held;
}

/* ---- pipes ---- */

static void name_pipe(WCHAR name[80], uint64_t identity)
{
    wsprintfW(name, L"\\\\.\\pipe\\cloche-stand-in-%u-%u", (unsigned)GetCurrentProcessId(),
              (unsigned)identity);
}

/* The client's end is the server's of a named pipe, because only such an end can be overlapped and
 * both ways at once: so are those that the real service hands out. */
bool make_pipe(struct pipe_ends *ends, bool client_writes)
{
    static volatile LONG count;
    WCHAR name[80];
    HANDLE client, guest;
    uint64_t identity = (uint64_t)InterlockedIncrement(&count);

    name_pipe(name, identity);
    client = CreateNamedPipeW(name,
                              PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED |
                                  FILE_FLAG_FIRST_PIPE_INSTANCE,
                              PIPE_TYPE_BYTE, 1, PIPE_ROOM, PIPE_ROOM, 0, NULL);
    if (client == INVALID_HANDLE_VALUE)
        return false;
    guest = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (guest == INVALID_HANDLE_VALUE) {
        CloseHandle(client);
        return false;
    }
    refuse_synchronous_reads();
    *ends = (struct pipe_ends){(channel)client, (channel)guest, identity, client_writes};
    return true;
}

/* A name without a server's end is unknown; one whose end is connected is busy. */
bool client_end_is_open(const struct pipe_ends *ends)
{
    WCHAR name[80];

    name_pipe(name, ends->identity);
    return WaitNamedPipeW(name, 1) || GetLastError() != ERROR_FILE_NOT_FOUND;
}

void close_channel(channel *end)
{
    if (*end != NO_CHANNEL)
        CloseHandle((HANDLE)*end);
    *end = NO_CHANNEL;
}

/* Waits as long as nobody reads: a named pipe cannot be asked for room. */
int write_channel(channel end, const char *bytes, size_t length)
{
    DWORD written;

    return WriteFile((HANDLE)end, bytes, (DWORD)length, &written, NULL) ? (int)written : -1;
}

int read_channel(channel end, char *bytes, int room)
{
    DWORD there, count;

    if (!PeekNamedPipe((HANDLE)end, NULL, 0, NULL, &there, NULL))
        return -1;
    if (there == 0) {
        Sleep(TICK);
        return 0;
    }
    if (!ReadFile((HANDLE)end, bytes, (DWORD)room, &count, NULL) || count == 0)
        return -1;
    return (int)count;
}
