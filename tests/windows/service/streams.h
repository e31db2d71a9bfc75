/* A layer as it was imported: its files in their order, each with its information and its stream.
 *
 * They are kept beside what is written out of them, in the layer's folder `.imported`, so that an
 * export gives back byte for byte what the import was given.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include <pthread.h>

#include "layers.h"

struct stream {
    bool exports;
    char *folder;       /* the layer's */
    int number;         /* of the current file, from 1 */
    FILE *kept;         /* the current file in `.imported` */
    FILE *data;         /* the current file's content in the folder, while importing */
    uint8_t header[20]; /* of the part of the backup stream that is being written */
    size_t header_length;
    uint64_t part_rest; /* bytes of that part, its name included, that are still to come */
    uint64_t name_rest;
    bool part_is_data;
    bool in_file;
    pthread_t thread; /* all calls of an import come from the one that began it */
};

/* What `.imported` has before a file's backup stream. */
struct kept_header {
    struct file_basic_info info;
    uint32_t deleted;
    uint32_t name_length;
};

char *kept_path(const struct stream *stream, int number);
void finish_file(struct stream *stream);
uint64_t number_at(const uint8_t *bytes, int size); /* little-endian */

#endif
