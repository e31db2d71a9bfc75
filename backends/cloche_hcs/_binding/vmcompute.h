/* vmcompute.dll as this binding calls it: the declarations cffi reads.
 *
 * Every function is looked up by its name when it is first called, and returns what the DLL's
 * function returned (an HRESULT, 32 bits without sign), or one of the two negative numbers below if
 * there is nothing to call. Handles are as wide as pointers. Strings are UTF-16, ended by a zero;
 * those that come out are the caller's, to be given to cloche_free.
 *
 * Sources: the declarations of github.com/microsoft/hcsshim, internal/vmcompute/vmcompute.go,
 * internal/wclayer/wclayer.go, and for the layer streams internal/wclayer/importlayer.go and
 * exportlayer.go. vmcompute.dll has no header in the Windows SDK.
 */

#define CLOCHE_NO_FUNCTION -1
#define CLOCHE_NO_LIBRARY -2

typedef struct {
    uint32_t process_id;
    uint32_t reserved;
    uintptr_t std_input;
    uintptr_t std_output;
    uintptr_t std_error;
} HCS_PROCESS_INFORMATION;

typedef struct {
    uint32_t flavour; /* 0 differencing disks, 1 filter */
    uint32_t reserved;
    const uint16_t *home;
} DRIVER_INFO;

typedef struct {
    uint8_t id[16]; /* a GUID, as it lies in memory */
    uint32_t flags; /* bit 31: dirty */
    uint32_t reserved;
    const uint16_t *path;
} WC_LAYER_DESCRIPTOR;

/* FILE_BASIC_INFO of winbase.h; times are in 100 ns since 1601. */
typedef struct {
    int64_t creation_time;
    int64_t last_access_time;
    int64_t last_write_time;
    int64_t change_time;
    uint32_t attributes;
    uint32_t reserved;
} FILE_BASIC;

/* ---- compute systems ---- */

int64_t HcsEnumerateComputeSystems(const uint16_t *query, uint16_t **systems, uint16_t **result);
int64_t HcsCreateComputeSystem(const uint16_t *id, const uint16_t *configuration, uintptr_t identity,
                               uintptr_t *system, uint16_t **result);
int64_t HcsOpenComputeSystem(const uint16_t *id, uintptr_t *system, uint16_t **result);
int64_t HcsCloseComputeSystem(uintptr_t system);
int64_t HcsStartComputeSystem(uintptr_t system, const uint16_t *options, uint16_t **result);
int64_t HcsShutdownComputeSystem(uintptr_t system, const uint16_t *options, uint16_t **result);
int64_t HcsTerminateComputeSystem(uintptr_t system, const uint16_t *options, uint16_t **result);
int64_t HcsPauseComputeSystem(uintptr_t system, const uint16_t *options, uint16_t **result);
int64_t HcsResumeComputeSystem(uintptr_t system, const uint16_t *options, uint16_t **result);
int64_t HcsSaveComputeSystem(uintptr_t system, const uint16_t *options, uint16_t **result);
int64_t HcsGetComputeSystemProperties(uintptr_t system, const uint16_t *query,
                                      uint16_t **properties, uint16_t **result);
int64_t HcsModifyComputeSystem(uintptr_t system, const uint16_t *configuration, uint16_t **result);

/* ---- the service itself ---- */

int64_t HcsGetServiceProperties(const uint16_t *query, uint16_t **properties, uint16_t **result);
int64_t HcsModifyServiceSettings(const uint16_t *settings, uint16_t **result);

/* ---- processes ---- */

int64_t HcsCreateProcess(uintptr_t system, const uint16_t *parameters,
                         HCS_PROCESS_INFORMATION *information, uintptr_t *process,
                         uint16_t **result);
int64_t HcsOpenProcess(uintptr_t system, uint32_t pid, uintptr_t *process, uint16_t **result);
int64_t HcsCloseProcess(uintptr_t process);
int64_t HcsTerminateProcess(uintptr_t process, uint16_t **result);
int64_t HcsSignalProcess(uintptr_t process, const uint16_t *options, uint16_t **result);
int64_t HcsModifyProcess(uintptr_t process, const uint16_t *settings, uint16_t **result);
int64_t HcsGetProcessInfo(uintptr_t process, HCS_PROCESS_INFORMATION *information,
                          uint16_t **result);
int64_t HcsGetProcessProperties(uintptr_t process, uint16_t **properties, uint16_t **result);

/* ---- notifications: the callback is always cloche_notify, its context a key of ours ---- */

int64_t HcsRegisterComputeSystemCallback(uintptr_t system, uintptr_t key, uintptr_t *callback);
int64_t HcsUnregisterComputeSystemCallback(uintptr_t callback);
int64_t HcsRegisterProcessCallback(uintptr_t process, uintptr_t key, uintptr_t *callback);
int64_t HcsUnregisterProcessCallback(uintptr_t callback);

typedef struct {
    uintptr_t key;
    uint32_t type;
    uint32_t status;
    int has_data;
    size_t length; /* in units of UTF-16 */
    uint16_t data[];
} cloche_notification;

/* Waits for the next notification: NULL after that time, or when the gate is closed. No time: -1. */
cloche_notification *cloche_next(int milliseconds);
void cloche_release(cloche_notification *notification);

/* A closed gate lets no further notification in, and sends home who waits in cloche_next. */
void cloche_open_gate(void);
void cloche_close_gate(void);

/* ---- turns: a call's thread and who waits for it ---- */

typedef struct cloche_baton cloche_baton; /* counts how often it was passed */

cloche_baton *cloche_new_baton(void);
void cloche_drop_baton(cloche_baton *baton);
void cloche_pass(cloche_baton *baton);

/* Waits until the baton was passed that many times: 1, or 0 after that time. No time: -1. */
int cloche_take(cloche_baton *baton, uint64_t times, int milliseconds);

/* Passes one and takes the other. */
int cloche_exchange(cloche_baton *give, cloche_baton *take, uint64_t times, int milliseconds);

/* ---- layers ---- */

int64_t ActivateLayer(const DRIVER_INFO *info, const uint16_t *id);
int64_t DeactivateLayer(const DRIVER_INFO *info, const uint16_t *id);
int64_t CreateLayer(const DRIVER_INFO *info, const uint16_t *id, const uint16_t *parent);
int64_t CreateSandboxLayer(const DRIVER_INFO *info, const uint16_t *id, const uint16_t *parent,
                           const WC_LAYER_DESCRIPTOR *layers, size_t count);
int64_t CopyLayer(const DRIVER_INFO *info, const uint16_t *source, const uint16_t *target,
                  const WC_LAYER_DESCRIPTOR *layers, size_t count);
int64_t DestroyLayer(const DRIVER_INFO *info, const uint16_t *id);
int64_t ExpandSandboxSize(const DRIVER_INFO *info, const uint16_t *id, uint64_t size);
int64_t PrepareLayer(const DRIVER_INFO *info, const uint16_t *id,
                     const WC_LAYER_DESCRIPTOR *layers, size_t count);
int64_t UnprepareLayer(const DRIVER_INFO *info, const uint16_t *id);
int64_t LayerExists(const DRIVER_INFO *info, const uint16_t *id, uint32_t *exists);
int64_t GetLayerMountPath(const DRIVER_INFO *info, const uint16_t *id, size_t *length,
                          uint16_t *path);
int64_t GetBaseImages(uint16_t **images);
int64_t NameToGuid(const uint16_t *name, uint8_t *guid);
int64_t ExportLayer(const DRIVER_INFO *info, const uint16_t *id, const uint16_t *folder,
                    const WC_LAYER_DESCRIPTOR *layers, size_t count);
int64_t ImportLayer(const DRIVER_INFO *info, const uint16_t *id, const uint16_t *folder,
                    const WC_LAYER_DESCRIPTOR *layers, size_t count);
int64_t ProcessBaseImage(const uint16_t *path);
int64_t ProcessUtilityImage(const uint16_t *path);
int64_t GrantVmAccess(const uint16_t *vm, const uint16_t *path);

/* ---- layers as streams of files ---- */

int64_t ImportLayerBegin(const DRIVER_INFO *info, const uint16_t *id,
                         const WC_LAYER_DESCRIPTOR *layers, size_t count, uintptr_t *stream);
int64_t ImportLayerNext(uintptr_t stream, const uint16_t *name, const FILE_BASIC *file);
int64_t ImportLayerWrite(uintptr_t stream, const uint8_t *data, size_t size);
int64_t ImportLayerEnd(uintptr_t stream);
int64_t ExportLayerBegin(const DRIVER_INFO *info, const uint16_t *id,
                         const WC_LAYER_DESCRIPTOR *layers, size_t count, uintptr_t *stream);
int64_t ExportLayerNext(uintptr_t stream, uint16_t **name, FILE_BASIC *file, int64_t *size,
                        uint32_t *deleted);
int64_t ExportLayerRead(uintptr_t stream, uint8_t *data, size_t size, uint32_t *read);
int64_t ExportLayerEnd(uintptr_t stream);

/* ---- networks ---- */

int64_t HNSCall(const uint16_t *method, const uint16_t *path, const uint16_t *object,
                uint16_t **response);

/* ---- the library ---- */

/* Names the shared object that stands for the DLL; before the first call. Nothing on Windows. */
void cloche_use_library(const char *path);

/* Loads the library if it is not yet: 0, or the system's error number. */
uint32_t cloche_load(void);

/* Whether this build of the library has a function; 0 without a library, too. */
int cloche_has(const char *function);

size_t cloche_length(const uint16_t *text);
void cloche_free(void *memory);
