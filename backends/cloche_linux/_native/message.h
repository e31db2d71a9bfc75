/* One packet of `protocol.h`; plain enough for cffi to read. */
struct message {
    uint32_t kind;
    int32_t number;
    int32_t error;
    uint32_t flags;
    char path[256];
    char detail[240];
};
