/* NameToGuid.
 *
 * The real one answers with GUIDs of version 5 in a namespace that nobody has published. Here: the
 * pairs that public logs of docker show, and for all other names version 5 without a namespace.
 */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "service.h"
#include "sha1.h"

struct pair {
    const char *name;
    uint8_t guid[16];
};

static const struct pair published[] = {
    {"4e3c0eecb91d8fc28eda07ff06c6910a592b0ce4539476fb943b48e6934e9976",
     {0xCD, 0x22, 0xD1, 0x28, 0x90, 0x3E, 0x55, 0x0A, 0x9D, 0x8F, 0xAA, 0x81, 0x34, 0xCA, 0x1C,
      0x9B}},
    {"e2a46135ff011a2ef9f193590ccddde95806850a0cdd7638b913e003c28e7fd0",
     {0x8F, 0x9D, 0xD0, 0x2A, 0x0F, 0x67, 0x59, 0x8E, 0x92, 0x1B, 0x59, 0x88, 0x4F, 0x08, 0xB5,
      0xAF}},
    {"82f6b18dfe22ce24ac65ec5023f3c1044b2b7b1f6170d99c73d0122f330dafb9",
     {0x1B, 0x43, 0x48, 0x4F, 0xDF, 0x68, 0x5F, 0xF9, 0xA2, 0x5A, 0x4A, 0x1C, 0x97, 0xA2, 0xB1,
      0x05}},
    {"5bda1565205b9c2be87fbf72b2b190eac281b618d1638584c76d0f38e66f88d5",
     {0x75, 0x2B, 0x60, 0x5A, 0x85, 0x2F, 0x5E, 0xD0, 0x8D, 0xC4, 0x60, 0x0A, 0x46, 0x63, 0x73,
      0x08}},
};

static void version_five(const char *name, uint8_t bytes[16])
{
    size_t length = strlen(name);
    uint8_t *message = need(calloc(16 + length + 1, 1)), digest[20];

    memcpy(message + 16, name, length);
    sha1(message, 16 + length, digest);
    free(message);
    memcpy(bytes, digest, 16);
    bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x50);
    bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80);
}

static void bytes_of(const char *name, uint8_t bytes[16])
{
    for (size_t i = 0; i < sizeof published / sizeof *published; i++)
        if (strcmp(published[i].name, name) == 0) {
            memcpy(bytes, published[i].guid, 16);
            return;
        }
    version_five(name, bytes);
}

/* In memory the first three numbers of a GUID are little-endian, in writing they are not. */
static struct guid guid_of(const char *name)
{
    struct guid guid;
    uint8_t bytes[16];

    bytes_of(name, bytes);
    guid.first = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
                 bytes[3];
    guid.second = (uint16_t)(bytes[4] << 8 | bytes[5]);
    guid.third = (uint16_t)(bytes[6] << 8 | bytes[7]);
    memcpy(guid.rest, bytes + 8, 8);
    return guid;
}

EXPORT hresult NameToGuid(const wide *wide_name, struct guid *guid)
{
    char *name = narrow(wide_name);
    hresult code;

    begin_call("NameToGuid");
    argument_text("name", name);
    code = decide(name, S_OK_CODE);
    if (takes_effect(code)) {
        *guid = guid_of(name);
        print_guid(out_member("guid"), guid);
    }
    free(name);
    return end_call(code);
}
