/* The untar by itself, for sanitizers and fuzzers: archives from standard input, each with its size and the size of
 * the pieces to push it in by, each into a directory of its own beneath the one that is named. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../untar.h"

struct piece {
    uint64_t size, at_once;
};

static int push(struct cloche_untar *u, const unsigned char *data, struct piece piece)
{
    int error = 0;
    for (uint64_t at = 0; at < piece.size && !error; at += piece.at_once) {
        uint64_t size = piece.size - at < piece.at_once ? piece.size - at : piece.at_once;
        /* A copy of its own, so that to read beyond the piece is to read beyond the memory. */
        unsigned char *copy = malloc(size);
        for (uint64_t i = 0; i < size; i++)
            copy[i] = data[at + i];
        error = cloche_untar_feed(u, copy, size);
        free(copy);
    }
    return error ? error : cloche_untar_finish(u);
}

static void unpack(unsigned char *data, struct piece piece, unsigned number)
{
    struct cloche_untar_rules rules = {1 << 26, 4096, 1, 1, 1};
    char name[16];
    snprintf(name, sizeof name, "%u", number);
    mkdir(name, 0755);
    int directory = open(name, O_RDONLY | O_DIRECTORY);
    struct cloche_untar *u = cloche_untar_open(directory, &rules);
    int error = push(u, data, piece);
    printf("%d\n", -error);
    cloche_untar_close(u);
    close(directory);
}

int main(int count, char **arguments)
{
    struct piece piece;
    if (count != 2 || chdir(arguments[1]))
        return 2;
    for (unsigned number = 0; fread(&piece, sizeof piece, 1, stdin) == 1; number++) {
        unsigned char *data = malloc(piece.size ? piece.size : 1);
        if (fread(data, 1, piece.size, stdin) != piece.size)
            return 2;
        unpack(data, piece, number);
        free(data);
    }
    return 0;
}
