/* SHA-1 (FIPS 180-4): what GUIDs of version 5 are made with. */
#ifndef SHA1_H
#define SHA1_H

#include <stddef.h>
#include <stdint.h>

void sha1(const void *message, size_t length, uint8_t digest[20]);

#endif
