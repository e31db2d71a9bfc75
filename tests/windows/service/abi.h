/* What a caller of vmcompute.dll sees: types, layouts and the numbers of the Host Compute Service.
 *
 * Layouts and numbers are those of github.com/microsoft/hcsshim, internal/vmcompute/vmcompute.go,
 * internal/wclayer/wclayer.go, internal/hcs/callback.go and internal/hcs/errors.go.
 */
#ifndef ABI_H
#define ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

typedef uint16_t wide; /* UTF-16 on every platform: wchar_t has four bytes on Linux */
typedef uint32_t hresult;
typedef uintptr_t handle;

/* There is one calling convention on 64-bit Windows, so WINAPI would say nothing. */
typedef void (*notify)(uint32_t type, uintptr_t context, hresult status, const wide *data);

enum notification {
    SYSTEM_EXITED = 1,
    CREATE_COMPLETED = 2,
    START_COMPLETED = 3,
    PAUSE_COMPLETED = 4,
    RESUME_COMPLETED = 5,
    SAVE_COMPLETED = 8,
    PROCESS_EXITED = 0x10000,
    SERVICE_DISCONNECT = 0x01000000,
};

#define S_OK_CODE 0u
#define OPERATION_PENDING 0xC0370103u
#define INVALID_STATE 0xC0370105u
#define INVALID_JSON 0xC037010Du
#define SYSTEM_NOT_FOUND 0xC037010Eu
#define SYSTEM_ALREADY_EXISTS 0xC037010Fu
#define SYSTEM_ALREADY_STOPPED 0xC0370110u
#define FILE_NOT_FOUND 0x80070002u
#define PATH_NOT_FOUND 0x80070003u
#define HANDLE_INVALID 0x80070006u
#define NO_MORE_FILES 0x80070012u
#define PARAMETER_INVALID 0x80070057u
#define BUFFER_TOO_SMALL 0x8007007Au
#define FILE_ALREADY_EXISTS 0x800700B7u
#define ELEMENT_NOT_FOUND 0x80070490u
#define PRIVILEGE_NOT_HELD 0x80070522u
#define RPC_UNAVAILABLE 0x800706BAu
#define RPC_CALL_FAILED 0x800706BEu

enum { PROCESS_ABORTED = 1067 };                /* the exit code of who was terminated */
#define INTERRUPTED_CODE ((uint32_t)0xC000013A) /* the exit code of who was interrupted */

struct process_information {
    uint32_t process_id;
    uint32_t reserved;
    handle standard_input;
    handle standard_output;
    handle standard_error;
};

struct guid {
    uint32_t first;
    uint16_t second;
    uint16_t third;
    uint8_t rest[8];
};

struct driver_info {
    uint32_t flavour;
    uint32_t reserved; /* callers written in Go fill it: their int has eight bytes */
    const wide *home;
};

struct layer_descriptor {
    struct guid id;
    uint32_t flags;
    uint32_t reserved;
    const wide *path;
};

struct file_basic_info { /* times in 100 ns since 1601 */
    int64_t creation_time;
    int64_t last_access_time;
    int64_t last_write_time;
    int64_t change_time;
    uint32_t attributes;
    uint32_t reserved;
};

#define ATTRIBUTE_DIRECTORY 0x10u
#define ATTRIBUTE_NORMAL 0x80u

#endif
