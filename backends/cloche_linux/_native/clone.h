/* clone3, and a child on a stack of its own while its parent waits. */
#ifndef CLOCHE_CLONE_H
#define CLOCHE_CLONE_H

#include "system_call.h"

struct clone_request { /* `struct clone_args` of linux/sched.h, as of Linux 5.7 */
    uint64_t flags;
    uint64_t pidfd;
    uint64_t child_tid;
    uint64_t parent_tid;
    uint64_t exit_signal;
    uint64_t stack;
    uint64_t stack_size;
    uint64_t tls;
    uint64_t set_tid;
    uint64_t set_tid_size;
    uint64_t cgroup;
};

enum {
    CLONE_SHARE_MEMORY = 0x100, /* CLONE_VM */
    CLONE_SHARE_FILES = 0x400,  /* CLONE_FILES */
    CLONE_SHARE_HANDLERS = 0x800, /* CLONE_SIGHAND */
    CLONE_GIVE_PIDFD = 0x1000,  /* CLONE_PIDFD */
    CLONE_WAIT = 0x4000,        /* CLONE_VFORK: the parent goes on when the child has executed or ended */
    CLONE_SIBLING = 0x8000,     /* CLONE_PARENT */
    CLONE_THREAD_ = 0x10000,    /* CLONE_THREAD */
    CLONE_USER_NAMESPACE = 0x10000000,
    CLONE_PID_NAMESPACE = 0x20000000,
    SIGNAL_CHILD = 17,
};
#define CLONE_CLEAR_HANDLERS 0x100000000ull /* CLONE_CLEAR_SIGHAND */
#define CLONE_IN_CGROUP 0x200000000ull      /* CLONE_INTO_CGROUP */

/* In the memory of its parent the child runs `child(argument)` on `stack` and never comes back from it: a child
 * that returned on its parent's stack would leave the parent a torn one. */
static inline long clone_on_stack(struct clone_request *request, void (*child)(void *), void *argument)
{
    request->flags |= CLONE_SHARE_MEMORY;
#if defined(__x86_64__)
    long result;
    register void *r12 __asm__("r12") = argument;
    register void (*r13)(void *) __asm__("r13") = child;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r12, %%rdi\n\t"
                     "call *%%r13\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(result)
                     : "a"((long)__NR_clone3), "D"(request), "S"(sizeof *request), "r"(r12), "r"(r13)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = __NR_clone3;
    register long x0 __asm__("x0") = (long)request;
    register long x1 __asm__("x1") = sizeof *request;
    register void *x20 __asm__("x20") = argument;
    register void (*x21)(void *) __asm__("x21") = child;
    __asm__ volatile("svc 0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x20\n\t"
                     "blr x21\n\t"
                     "brk 1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x20), "r"(x21)
                     : "x30", "memory");
    return x0;
#endif
}

/* As vfork, but for the stack. */
static inline long clone_and_wait(struct clone_request *request, void (*child)(void *), void *argument)
{
    request->flags |= CLONE_WAIT;
    return clone_on_stack(request, child, argument);
}

#endif
