/* What is installed beside this program. */
#ifndef CLOCHE_INSTALLED_H
#define CLOCHE_INSTALLED_H

#include "launcher.h"

/* Whether Cloche is there for Python 3.`minor`, itself or by a file that leads to a checkout; `script` is where it
 * begins in Python, or empty if that is not to be found. */
int is_installed_for(const char *prefix, unsigned minor, struct path *script);

#endif
