/* Processes that really run. */
#define WIN32_LEAN_AND_MEAN
#define _WIN32_WINNT 0x0602
#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "platform.h"
#include "text.h"
#include "wide_windows.h"

struct child {
    HANDLE process;
};

static void add_entries(struct text *block, const WCHAR *entries)
{
    for (const WCHAR *entry = entries; *entry; entry += wcslen(entry) + 1) {
        char *string = narrow(entry);

        text_add(block, string, strlen(string) + 1);
        free(string);
    }
}

/* Ours, then what the block names: of two settings of one name the later one counts. */
static WCHAR *merged_environment(const char *block)
{
    struct text merged = {0};
    WCHAR *own = GetEnvironmentStringsW(), *wide, *at;

    add_entries(&merged, own);
    FreeEnvironmentStringsW(own);
    for (const char *entry = block; *entry; entry += strlen(entry) + 1)
        text_add(&merged, entry, strlen(entry) + 1);
    at = wide = need(calloc(merged.length + 1, sizeof *wide));
    for (size_t i = 0; i < merged.length; i += strlen(merged.bytes + i) + 1) {
        widen_into(at, merged.bytes + i);
        at += wcslen(at) + 1;
    }
    text_free(&merged);
    return wide;
}

static HANDLE inheritable(channel end)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};

    if (end == NO_CHANNEL)
        return CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                           &inherited, OPEN_EXISTING, 0, NULL);
    SetHandleInformation((HANDLE)end, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    return (HANDLE)end;
}

static HANDLE spawn(WCHAR *line, WCHAR *environment, const WCHAR *folder, const channel ends[3])
{
    STARTUPINFOW start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION made = {0};
    HANDLE *handles[] = {&start.hStdInput, &start.hStdOutput, &start.hStdError};
    BOOL started;

    for (int i = 0; i < 3; i++)
        *handles[i] = inheritable(ends[i]);
    started = CreateProcessW(NULL, line, NULL, NULL, TRUE,
                             CREATE_UNICODE_ENVIRONMENT | CREATE_NEW_PROCESS_GROUP, environment,
                             folder, &start, &made);
    for (int i = 0; i < 3; i++)
        if (ends[i] == NO_CHANNEL)
            CloseHandle(*handles[i]);
    if (started)
        CloseHandle(made.hThread);
    return made.hProcess;
}

struct child *start_child(const char *command_line, const char *environment, const char *folder,
                          channel input, channel output, channel errors)
{
    WCHAR *line = widened(command_line), *merged = merged_environment(environment);
    WCHAR *place = folder && is_directory(folder) ? widened(folder) : NULL;
    const channel ends[3] = {input, output, errors};
    HANDLE process = spawn(line, merged, place, ends);
    struct child *child = NULL;

    if (process != NULL) {
        child = need(malloc(sizeof *child));
        child->process = process;
    }
    free(line);
    free(merged);
    free(place);
    return child;
}

uint32_t wait_for_child(struct child *child)
{
    DWORD code = 0;

    WaitForSingleObject(child->process, INFINITE);
    GetExitCodeProcess(child->process, &code);
    return code;
}

void kill_child(struct child *child)
{
    TerminateProcess(child->process, PROCESS_ABORTED);
}

/* Signals go to consoles, and the child has none: it ends as by default. */
void interrupt_child(struct child *child, const char *signal)
{
    (void)signal;
    TerminateProcess(child->process, INTERRUPTED_CODE);
}

void pause_child(struct child *child, bool paused)
{
    const char *name = paused ? "NtSuspendProcess" : "NtResumeProcess";
    FARPROC function = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), name);
    LONG(WINAPI * change)(HANDLE);

    memcpy(&change, &function, sizeof change);
    change(child->process);
}
