/* UTF-8 as Windows' own functions want it. */
#ifndef WIDE_WINDOWS_H
#define WIDE_WINDOWS_H

#include <wchar.h>

wchar_t *widened(const char *string); /* memory of malloc; NULL stays NULL */

#endif
