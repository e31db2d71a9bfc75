/* The functions of vmcompute.dll, each looked up by its name when it is first called.
 *
 * There is no import library, and no build of Windows has every function.
 */
#include "binding.h"

#include <stdatomic.h>

typedef uint32_t HRESULT_BITS;
typedef void(SERVICE_CALL *notification_callback)(uint32_t, void *, uint32_t, const uint16_t *);
typedef uintptr_t HCS_SYSTEM;
typedef uintptr_t HCS_PROCESS;
typedef uintptr_t HCS_CALLBACK;
typedef uintptr_t LAYER_STREAM;
typedef const uint16_t *TEXT;
typedef uint16_t **OWNED_TEXT;
typedef const DRIVER_INFO *DRIVER;
typedef const WC_LAYER_DESCRIPTOR *LAYERS;

/* Found once, kept for ever: the library is never unloaded. Two threads may both look. */
static any_function look_up(_Atomic(any_function) *found, const char *name)
{
    any_function function = atomic_load_explicit(found, memory_order_acquire);
    if (!function) {
        function = find_function(name);
        atomic_store_explicit(found, function, memory_order_release);
    }
    return function;
}

static int64_t nothing_to_call(void)
{
    return library_is_loaded() ? CLOCHE_NO_FUNCTION : CLOCHE_NO_LIBRARY;
}

#define FORWARD_TO(name, taken, parameters, arguments)                                             \
    int64_t name parameters                                                                        \
    {                                                                                              \
        static _Atomic(any_function) found;                                                        \
        HRESULT_BITS(SERVICE_CALL * function) taken;                                               \
        function = (HRESULT_BITS(SERVICE_CALL *) taken)look_up(&found, #name);                     \
        return function ? (int64_t)function arguments : nothing_to_call();                         \
    }

#define FORWARD(name, parameters, arguments) FORWARD_TO(name, parameters, parameters, arguments)

/* The same but for the callback, which Python neither gives nor sees. */
#define FORWARD_REGISTRATION(name)                                                                 \
    FORWARD_TO(name, (uintptr_t, notification_callback, void *, HCS_CALLBACK *),                   \
               (uintptr_t handle, uintptr_t key, HCS_CALLBACK * callback),                         \
               (handle, cloche_notify, (void *)key, callback))

/* ---- compute systems ---- */

FORWARD(HcsEnumerateComputeSystems, (TEXT query, OWNED_TEXT systems, OWNED_TEXT result),
        (query, systems, result))
FORWARD(HcsCreateComputeSystem,
        (TEXT id, TEXT configuration, uintptr_t identity, HCS_SYSTEM *system, OWNED_TEXT result),
        (id, configuration, identity, system, result))
FORWARD(HcsOpenComputeSystem, (TEXT id, HCS_SYSTEM *system, OWNED_TEXT result),
        (id, system, result))
FORWARD(HcsCloseComputeSystem, (HCS_SYSTEM system), (system))
FORWARD(HcsStartComputeSystem, (HCS_SYSTEM system, TEXT options, OWNED_TEXT result),
        (system, options, result))
FORWARD(HcsShutdownComputeSystem, (HCS_SYSTEM system, TEXT options, OWNED_TEXT result),
        (system, options, result))
FORWARD(HcsTerminateComputeSystem, (HCS_SYSTEM system, TEXT options, OWNED_TEXT result),
        (system, options, result))
FORWARD(HcsPauseComputeSystem, (HCS_SYSTEM system, TEXT options, OWNED_TEXT result),
        (system, options, result))
FORWARD(HcsResumeComputeSystem, (HCS_SYSTEM system, TEXT options, OWNED_TEXT result),
        (system, options, result))
FORWARD(HcsSaveComputeSystem, (HCS_SYSTEM system, TEXT options, OWNED_TEXT result),
        (system, options, result))
FORWARD(HcsGetComputeSystemProperties,
        (HCS_SYSTEM system, TEXT query, OWNED_TEXT properties, OWNED_TEXT result),
        (system, query, properties, result))
FORWARD(HcsModifyComputeSystem, (HCS_SYSTEM system, TEXT configuration, OWNED_TEXT result),
        (system, configuration, result))
FORWARD_REGISTRATION(HcsRegisterComputeSystemCallback)
FORWARD(HcsUnregisterComputeSystemCallback, (HCS_CALLBACK callback), (callback))

/* ---- the service itself ---- */

FORWARD(HcsGetServiceProperties, (TEXT query, OWNED_TEXT properties, OWNED_TEXT result),
        (query, properties, result))
FORWARD(HcsModifyServiceSettings, (TEXT settings, OWNED_TEXT result), (settings, result))

/* ---- processes ---- */

FORWARD(HcsCreateProcess,
        (HCS_SYSTEM system, TEXT parameters, HCS_PROCESS_INFORMATION *information,
         HCS_PROCESS *process, OWNED_TEXT result),
        (system, parameters, information, process, result))
FORWARD(HcsOpenProcess, (HCS_SYSTEM system, uint32_t pid, HCS_PROCESS *process, OWNED_TEXT result),
        (system, pid, process, result))
FORWARD(HcsCloseProcess, (HCS_PROCESS process), (process))
FORWARD(HcsTerminateProcess, (HCS_PROCESS process, OWNED_TEXT result), (process, result))
FORWARD(HcsSignalProcess, (HCS_PROCESS process, TEXT options, OWNED_TEXT result),
        (process, options, result))
FORWARD(HcsModifyProcess, (HCS_PROCESS process, TEXT settings, OWNED_TEXT result),
        (process, settings, result))
FORWARD(HcsGetProcessInfo,
        (HCS_PROCESS process, HCS_PROCESS_INFORMATION *information, OWNED_TEXT result),
        (process, information, result))
FORWARD(HcsGetProcessProperties, (HCS_PROCESS process, OWNED_TEXT properties, OWNED_TEXT result),
        (process, properties, result))
FORWARD_REGISTRATION(HcsRegisterProcessCallback)
FORWARD(HcsUnregisterProcessCallback, (HCS_CALLBACK callback), (callback))

/* ---- layers ---- */

FORWARD(ActivateLayer, (DRIVER info, TEXT id), (info, id))
FORWARD(DeactivateLayer, (DRIVER info, TEXT id), (info, id))
FORWARD(CreateLayer, (DRIVER info, TEXT id, TEXT parent), (info, id, parent))
FORWARD(CreateSandboxLayer, (DRIVER info, TEXT id, TEXT parent, LAYERS layers, size_t count),
        (info, id, parent, layers, count))
FORWARD(CopyLayer, (DRIVER info, TEXT source, TEXT target, LAYERS layers, size_t count),
        (info, source, target, layers, count))
FORWARD(DestroyLayer, (DRIVER info, TEXT id), (info, id))
FORWARD(ExpandSandboxSize, (DRIVER info, TEXT id, uint64_t size), (info, id, size))
FORWARD(PrepareLayer, (DRIVER info, TEXT id, LAYERS layers, size_t count),
        (info, id, layers, count))
FORWARD(UnprepareLayer, (DRIVER info, TEXT id), (info, id))
FORWARD(LayerExists, (DRIVER info, TEXT id, uint32_t *exists), (info, id, exists))
FORWARD(GetLayerMountPath, (DRIVER info, TEXT id, size_t *length, uint16_t *path),
        (info, id, length, path))
FORWARD(GetBaseImages, (OWNED_TEXT images), (images))
FORWARD(NameToGuid, (TEXT name, uint8_t *guid), (name, guid))
FORWARD(ExportLayer, (DRIVER info, TEXT id, TEXT folder, LAYERS layers, size_t count),
        (info, id, folder, layers, count))
FORWARD(ImportLayer, (DRIVER info, TEXT id, TEXT folder, LAYERS layers, size_t count),
        (info, id, folder, layers, count))
FORWARD(ProcessBaseImage, (TEXT path), (path))
FORWARD(ProcessUtilityImage, (TEXT path), (path))
FORWARD(GrantVmAccess, (TEXT vm, TEXT path), (vm, path))

/* ---- layers as streams of files ---- */

FORWARD(ImportLayerBegin,
        (DRIVER info, TEXT id, LAYERS layers, size_t count, LAYER_STREAM *stream),
        (info, id, layers, count, stream))
FORWARD(ImportLayerNext, (LAYER_STREAM stream, TEXT name, const FILE_BASIC *file),
        (stream, name, file))
FORWARD(ImportLayerWrite, (LAYER_STREAM stream, const uint8_t *data, size_t size),
        (stream, data, size))
FORWARD(ImportLayerEnd, (LAYER_STREAM stream), (stream))
FORWARD(ExportLayerBegin,
        (DRIVER info, TEXT id, LAYERS layers, size_t count, LAYER_STREAM *stream),
        (info, id, layers, count, stream))
FORWARD(ExportLayerNext,
        (LAYER_STREAM stream, OWNED_TEXT name, FILE_BASIC *file, int64_t *size, uint32_t *deleted),
        (stream, name, file, size, deleted))
FORWARD(ExportLayerRead, (LAYER_STREAM stream, uint8_t *data, size_t size, uint32_t *read),
        (stream, data, size, read))
FORWARD(ExportLayerEnd, (LAYER_STREAM stream), (stream))

/* ---- networks ---- */

FORWARD(HNSCall, (TEXT method, TEXT path, TEXT object, OWNED_TEXT response),
        (method, path, object, response))

/* ---- the library ---- */

int cloche_has(const char *function)
{
    return find_function(function) != NULL;
}

/* More than any document has: a string that lost its end is not followed for ever. */
enum { LONGEST_TEXT = 1 << 28 };

size_t cloche_length(const uint16_t *text)
{
    size_t length = 0;
    while (length < LONGEST_TEXT && text[length])
        length++;
    return length;
}

void cloche_free(void *memory)
{
    free_memory release = find_free();
    if (release)
        release(memory);
}
