/* Programs written in Rust (pydantic's core) draw randomness from ProcessPrng; Wine 8 lacks it. */
#include <windows.h>
#include <ntsecapi.h>

enum { MOST = 1 << 28 }; /* RtlGenRandom counts in 32 bits */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    while (length > 0) {
        ULONG part = length > MOST ? MOST : (ULONG)length;

        if (!RtlGenRandom(data, part))
            return FALSE;
        data += part;
        length -= part;
    }
    return TRUE;
}
