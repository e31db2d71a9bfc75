/* Where a program without a C library begins: its stack, as the kernel left it, goes to a function that never returns.
 * Source: execve(2), and the process stack of the architecture's ABI. */
#ifndef CLOCHE_BEGIN_H
#define CLOCHE_BEGIN_H

#if defined(__x86_64__)
#define BEGIN_IN(function)                                                                                             \
    __asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall " #function "\n\thlt")
#else
#define BEGIN_IN(function)                                                                                             \
    __asm__(".globl _start\n_start:\n\tmov x29, xzr\n\tmov x30, xzr\n\tmov x0, sp\n\tbl " #function "\n\tbrk 1")
#endif

#endif
