/* Wine lets a plain ReadFile or WriteFile of an overlapped handle pass, so that a client that makes
 * this mistake looks right until it meets Windows. Here both fail with ERROR_INVALID_PARAMETER:
 * every module's table of imports gets ours in the place of kernel32's.
 */
#define WIN32_LEAN_AND_MEAN
#define _WIN32_WINNT 0x0602
#define PSAPI_VERSION 2
#include <windows.h>

#include <psapi.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <winternl.h>

#include "synchronous_reads.h"

enum { MODE_INFORMATION = 16, SYNCHRONOUS = 0x10 | 0x20, MOST_MODULES = 512 };

typedef BOOL(WINAPI *reader)(HANDLE, LPVOID, DWORD, LPDWORD, LPOVERLAPPED);
typedef BOOL(WINAPI *writer)(HANDLE, LPCVOID, DWORD, LPDWORD, LPOVERLAPPED);
typedef NTSTATUS(WINAPI *questioner)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, int);

static reader real_read;
static writer real_write;
static questioner ask;
static DWORD seen; /* how many modules there were when all were looked at */

static bool is_overlapped(HANDLE handle)
{
    IO_STATUS_BLOCK status;
    ULONG mode = SYNCHRONOUS;

    return ask(handle, &status, &mode, sizeof mode, MODE_INFORMATION) == 0 && !(mode & SYNCHRONOUS);
}

static BOOL refused(void)
{
    SetLastError(ERROR_INVALID_PARAMETER);
    return FALSE;
}

static BOOL WINAPI checked_read(HANDLE file, LPVOID bytes, DWORD room, LPDWORD count,
                                LPOVERLAPPED overlapped)
{
    if (overlapped == NULL && is_overlapped(file))
        return refused();
    return real_read(file, bytes, room, count, overlapped);
}

static BOOL WINAPI checked_write(HANDLE file, LPCVOID bytes, DWORD length, LPDWORD count,
                                 LPOVERLAPPED overlapped)
{
    if (overlapped == NULL && is_overlapped(file))
        return refused();
    return real_write(file, bytes, length, count, overlapped);
}

static void set(void **place, const void *function)
{
    DWORD before;

    if (!VirtualProtect(place, sizeof *place, PAGE_READWRITE, &before))
        return;
    memcpy(place, function, sizeof *place);
    VirtualProtect(place, sizeof *place, before, &before);
}

/* C has no cast between the address of a function and that of data: both are compared as bytes. */
static void replace_in_table(void **table)
{
    static const reader our_read = checked_read;
    static const writer our_write = checked_write;

    for (; *table != NULL; table++) {
        if (memcmp(table, &real_read, sizeof *table) == 0)
            set(table, &our_read);
        else if (memcmp(table, &real_write, sizeof *table) == 0)
            set(table, &our_write);
    }
}

static void replace_in_module(uint8_t *base)
{
    IMAGE_DOS_HEADER *dos = (IMAGE_DOS_HEADER *)base;
    IMAGE_NT_HEADERS *header = (IMAGE_NT_HEADERS *)(base + dos->e_lfanew);
    IMAGE_DATA_DIRECTORY imports =
        header->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    IMAGE_IMPORT_DESCRIPTOR *import;

    if (imports.VirtualAddress == 0)
        return;
    import = (IMAGE_IMPORT_DESCRIPTOR *)(base + imports.VirtualAddress);
    for (; import->FirstThunk != 0; import++)
        replace_in_table((void **)(base + import->FirstThunk));
}

/* Kernel32 passes the calls of all others on to kernelbase: these two stay as they are. */
static void replace_in_all(void)
{
    HMODULE modules[MOST_MODULES], kernel = GetModuleHandleW(L"kernel32.dll");
    HMODULE base = GetModuleHandleW(L"kernelbase.dll");
    DWORD size, count;

    if (!EnumProcessModules(GetCurrentProcess(), modules, sizeof modules, &size))
        return;
    count = size / sizeof *modules < MOST_MODULES ? size / sizeof *modules : MOST_MODULES;
    if (count == seen)
        return;
    seen = count;
    for (DWORD i = 0; i < count; i++)
        if (modules[i] != kernel && modules[i] != base)
            replace_in_module((uint8_t *)modules[i]);
}

static void find(const WCHAR *module, const char *name, void *function)
{
    FARPROC found = GetProcAddress(GetModuleHandleW(module), name);

    memcpy(function, &found, sizeof found);
}

void refuse_synchronous_reads(void)
{
    if (ask == NULL) {
        find(L"kernel32.dll", "ReadFile", &real_read);
        find(L"kernel32.dll", "WriteFile", &real_write);
        find(L"ntdll.dll", "NtQueryInformationFile", &ask);
    }
    replace_in_all();
}
