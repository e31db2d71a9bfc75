/* Layers as folders, and what is mounted of them. The state is to be locked. */
#ifndef LAYERS_H
#define LAYERS_H

#include "objects.h"

char *layer_path(const struct driver_info *info, const char *id); /* memory of malloc */
int layers_activated(void);
int layers_prepared(void);
void forget_layers(void);

/* The folder of a layer is made; what is put into it says whose it is. */
bool make_sandbox(const char *path);
bool make_plain_layer(const char *path);

/* Removes a layer's folder, if it is one that was made here and the path leaves no doubt where it
 * is. False: nothing was touched. */
bool remove_layer(const char *path);

#endif
