/* Raw system calls for x86-64 and aarch64; each returns -errno as the kernel does. */
#ifndef CLOCHE_SYSTEM_CALL_H
#define CLOCHE_SYSTEM_CALL_H

#include <asm/unistd.h>
#include <stdint.h>

#if defined(__x86_64__)

static inline long call6(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

static inline long call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

#else
#error "x86-64 and aarch64 only"
#endif

/* CALL(openat2, dir, path, how, size): up to six arguments of any integer or pointer type. */
#define CALL(name, ...) CALL_PICK(__NR_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_PICK(number, a, b, c, d, e, f, ...)                                                                       \
    call6((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* Numbers that older headers lack; since 5.1 they are the same on every architecture. */
#ifndef __NR_pidfd_send_signal
#define __NR_pidfd_send_signal 424
#endif
#ifndef __NR_open_tree
#define __NR_open_tree 428
#define __NR_move_mount 429
#define __NR_fsopen 430
#define __NR_fsconfig 431
#define __NR_fsmount 432
#define __NR_fspick 433
#endif
#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif
#ifndef __NR_clone3
#define __NR_clone3 435
#endif
#ifndef __NR_close_range
#define __NR_close_range 436
#endif
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif

#endif
