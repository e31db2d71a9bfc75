/* What getdents64(2) writes, one after the other: `length` leads to the next. */
#ifndef CLOCHE_ENTRY_H
#define CLOCHE_ENTRY_H

#include <stdint.h>

struct entry { /* `struct linux_dirent64` */
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

#endif
