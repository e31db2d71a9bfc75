/* Writing this process' memory to a file, and going on from there in another process.
 *
 * `dump_save` returns twice, as fork(2) does: here with 0, and once more in each process that has been given this
 * memory (launcher/undump.c). What is the kernel's own of a process is not memory; it is set anew then. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../dump.h"
#include "extension.h"
#include "regions.h"

#ifdef __x86_64__

#include <asm/prctl.h>

#ifndef PR_GET_TID_ADDRESS
#define PR_GET_TID_ADDRESS 40
#endif

enum { SIGNALS = 64, FIRST_REAL_TIME = 32, SIGNAL_SET_SIZE = 8, BOOT_ROOM = DUMP_BOOT_SIZE + 2 };

/* As the kernel has it (arch/x86/include/uapi/asm/signal.h); the C library would change the restorer. */
struct kernel_action {
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
};

/* What is set anew where it goes on. */
static struct {
    struct kernel_action actions[SIGNALS + 1];
    int *tid_address;
    void *robust_list;
    size_t robust_size;
} kept;

/* Nothing may be allocated while memory is written. */
static struct dump_head head;
static struct regions found;

int dump_save(struct dump_context *context) __attribute__((returns_twice, visibility("hidden")));

__asm__(".text\n.globl dump_save\n.hidden dump_save\n.type dump_save, @function\n"
        "dump_save:\n"
        "\tmov %rbx, 0(%rdi)\n\tmov %rbp, 8(%rdi)\n"
        "\tmov %r12, 16(%rdi)\n\tmov %r13, 24(%rdi)\n\tmov %r14, 32(%rdi)\n\tmov %r15, 40(%rdi)\n"
        "\tlea 8(%rsp), %rdx\n\tmov %rdx, 48(%rdi)\n" /* as it is once this has returned */
        "\tmov (%rsp), %rdx\n\tmov %rdx, 56(%rdi)\n"
        "\txor %eax, %eax\n\tret\n"
        ".size dump_save, .-dump_save\n");

static int keep_actions(void)
{
    for (int number = 1; number <= SIGNALS; number++)
        if (syscall(SYS_rt_sigaction, number, NULL, &kept.actions[number], SIGNAL_SET_SIZE) < 0)
            return -errno;
    return 0;
}

static int keep(void)
{
    if (prctl(PR_GET_TID_ADDRESS, &kept.tid_address) < 0)
        return -errno;
    if (syscall(SYS_get_robust_list, 0, &kept.robust_list, &kept.robust_size) < 0)
        return -errno;
    if (syscall(SYS_arch_prctl, ARCH_GET_FS, &head.context.fs) < 0)
        return -errno;
    return keep_actions();
}

/* What is ignored stays so: who called us has wished it. The C library's own two are ignored at times, for nothing
 * (posix_spawn of glibc). */
static int is_ignored(int number)
{
    struct kernel_action now;
    if (number == FIRST_REAL_TIME || number == FIRST_REAL_TIME + 1)
        return 0;
    return syscall(SYS_rt_sigaction, number, NULL, &now, SIGNAL_SET_SIZE) == 0 && now.handler == (void *)SIG_IGN;
}

static uint64_t set_actions(void)
{
    uint64_t ignored = 0;
    for (int number = 1; number <= SIGNALS; number++)
        if (is_ignored(number))
            ignored |= (uint64_t)1 << (number - 1);
        else if (kept.actions[number].handler)
            syscall(SYS_rt_sigaction, number, &kept.actions[number], NULL, SIGNAL_SET_SIZE);
    return ignored;
}

/* The C library's own idea of this thread's id lies where the kernel clears it when the thread ends. */
static void go_on(uint64_t *ignored)
{
    *kept.tid_address = (int)syscall(SYS_set_tid_address, kept.tid_address);
    syscall(SYS_set_robust_list, kept.robust_list, kept.robust_size);
    *ignored = set_actions();
}

static int read_boot(void)
{
    char text[BOOT_ROOM];
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, text, sizeof text);
    if (file >= 0)
        close(file);
    if (size < DUMP_BOOT_SIZE)
        return -EINVAL;
    memcpy(head.boot, text, sizeof head.boot);
    return 0;
}

static int write_at(int file, const void *from, size_t size, uint64_t offset)
{
    ssize_t written = pwrite(file, from, size, (off_t)offset);
    if (written < 0)
        return -errno;
    return (size_t)written == size ? 0 : -ENOSPC;
}

static int write_front(int file, const struct cloche_front *front)
{
    memcpy(head.magic, DUMP_MAGIC, sizeof head.magic);
    head.region_count = found.count;
    head.stamps = sizeof head + found.count * sizeof *found.all;
    head.stamp_count = front->stamp_count;
    int error = write_at(file, found.all, found.count * sizeof *found.all, sizeof head);
    if (!error)
        error = write_at(file, front->stamps, front->size, head.stamps);
    /* Last: a file without a head is none. */
    return error ? error : write_at(file, &head, sizeof head, 0);
}

/* The size of the front depends on the number of regions, and their offsets on the front's size. */
static uint64_t front_size(const struct cloche_front *front)
{
    return regions_round(sizeof head + sizeof found.all + front->size);
}

static int write_all(int file, const struct cloche_front *front)
{
    head.front = front_size(front);
    int error = read_boot();
    if (!error)
        error = regions_find(&found, head.front);
    if (error)
        return error;
    head.size = regions_end(&found, head.front);
    if (ftruncate(file, (off_t)head.size) < 0)
        return -errno;
    error = regions_write(&found, file);
    return error ? error : write_front(file, front);
}

int cloche_dump(int file, const struct cloche_front *front, uint64_t *ignored)
{
    int error = keep();
    if (error)
        return error;
    if (!dump_save(&head.context))
        return write_all(file, front);
    go_on(ignored);
    return 1;
}

#else

int cloche_dump(int file, const struct cloche_front *front, uint64_t *ignored)
{
    (void)file, (void)front, (void)ignored;
    return -ENOSYS;
}

#endif
