/* The kernel's code in each process, which reads the time without a system call (vdso(7)). */
#include <elf.h>
#include <string.h>
#include <sys/syscall.h>

#include "regions.h"

#ifdef __x86_64__

enum { ROOM = 1 << 16 };

static const struct {
    const char *name;
    uint32_t number;
} calls[] = {
    {"__vdso_clock_gettime", SYS_clock_gettime},
    {"__vdso_gettimeofday", SYS_gettimeofday},
    {"__vdso_time", SYS_time},
    {"__vdso_getcpu", SYS_getcpu},
    {"__vdso_clock_getres", SYS_clock_getres},
    {"__vdso_getrandom", SYS_getrandom}, /* with two arguments more, which it does not look at */
};

static unsigned char copy[ROOM] __attribute__((aligned(16)));

/* mov $number, %eax; syscall; ret. An unknown function fails with ENOSYS. */
static void replace(unsigned char *function, const char *name)
{
    unsigned char code[] = {0xb8, 0xda, 0xff, 0xff, 0xff, 0x90, 0x90, 0xc3}; /* mov $-38, %eax; nop; nop; ret */
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(name, calls[i].name) == 0) {
            memcpy(code + 1, &calls[i].number, sizeof calls[i].number);
            code[5] = 0x0f;
            code[6] = 0x05;
        }
    memcpy(function, code, sizeof code);
}

static const Elf64_Shdr *find_symbols(const Elf64_Ehdr *elf)
{
    const Elf64_Shdr *sections = (const void *)((const unsigned char *)elf + elf->e_shoff);
    for (int i = 0; i < elf->e_shnum; i++)
        if (sections[i].sh_type == SHT_DYNSYM)
            return sections + i;
    return NULL;
}

static void replace_all(const Elf64_Ehdr *elf, const Elf64_Shdr *table)
{
    const unsigned char *base = (const void *)elf;
    const Elf64_Shdr *names = (const Elf64_Shdr *)(const void *)(base + elf->e_shoff) + table->sh_link;
    const Elf64_Sym *symbols = (const void *)(base + table->sh_offset);
    for (size_t i = 0; i < table->sh_size / sizeof *symbols; i++)
        if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC && ELF64_ST_BIND(symbols[i].st_info) == STB_GLOBAL)
            replace(copy + symbols[i].st_value, (const char *)base + names->sh_offset + symbols[i].st_name);
}

const void *vdso_plain(const void *vdso, size_t size)
{
    const Elf64_Ehdr *elf = vdso;
    const Elf64_Shdr *symbols = find_symbols(elf);
    if (size > sizeof copy || !symbols)
        return NULL;
    memcpy(copy, vdso, size);
    replace_all(elf, symbols);
    return copy;
}

#endif
