/* Two threads that take turns, both without the interpreter's lock while they change over. */
#include "binding.h"

int cloche_exchange(cloche_baton *give, cloche_baton *take, uint64_t times, int milliseconds)
{
    cloche_pass(give);
    return cloche_take(take, times, milliseconds);
}
