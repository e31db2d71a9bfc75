/* Where the launcher begins. */
#include "../begin.h"
#include "launcher.h"

#include "line.h"

struct call the_call;

static void run(void)
{
    if (the_call.count < 2 || !has_streams())
        hand_over();
    struct line line = read_line();
    if (text_equal(line.command, "state"))
        do_state(&line);
    if (text_equal(line.command, "kill"))
        do_kill(&line);
    if (text_equal(line.command, "start"))
        do_start(&line);
    do_delete(&line);
}

/* The words, the environment: as the kernel puts them above the stack pointer (execve(2), the ABI's process stack). */
__attribute__((used)) void launcher_main(long *stack)
{
    the_call.count = stack[0] > 0 ? (int)stack[0] : 1;
    the_call.words = (char **)(stack + 1);
    the_call.environment = the_call.words + stack[0] + 1;
    run();
}

#ifdef HOSTED
int main(int count, char **words)
{
    (void)count;
    launcher_main((long *)words - 1);
    return 1;
}
#else
BEGIN_IN(launcher_main);
#endif
