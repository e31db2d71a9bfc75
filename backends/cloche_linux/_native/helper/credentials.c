/* Steps that take privileges away. */
#include "helper.h"

enum { CAPABILITIES = 64 };

int step_bounding(struct helper *h, const struct record *r)
{
    (void)h;
    for (int capability = 0; capability < CAPABILITIES; capability++) {
        if (r->first >> capability & 1)
            continue;
        int error = sys_prctl(PR_CAPBSET_DROP, (unsigned long)capability, 0);
        if (error == -EINVAL) /* the kernel has no more */
            return 0;
        if (error)
            return error;
    }
    return 0;
}

static int set_capabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    for (int half = 0; half < 2; half++) {
        sets[half].permitted = (uint32_t)(permitted >> 32 * half);
        sets[half].effective = (uint32_t)(effective >> 32 * half);
        sets[half].inheritable = (uint32_t)(inheritable >> 32 * half);
    }
    return (int)CALL(capset, &header, sets);
}

/* Leaving uid 0 clears the effective set, and steps to come need it. */
static int raise_permitted(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    int error = (int)CALL(capget, &header, sets);
    for (int half = 0; half < 2 && !error; half++)
        sets[half].effective = sets[half].permitted;
    return error ? error : (int)CALL(capset, &header, sets);
}

/* A user namespace may deny to set groups for good (user_namespaces(7)): then those of whoever joins it stay. */
static int set_groups(const struct helper *h, size_t count, const uint32_t *groups)
{
    int error = (int)CALL(setgroups, count, groups);
    return error == -EPERM && !count && h->has_joined_user ? 0 : error;
}

/* Groups first, uid last: each needs what the next takes away. */
int step_identity(struct helper *h, const struct record *r)
{
    enum { GROUPS = 65536 / 32 };
    uint32_t groups[GROUPS];
    size_t count = r->data.length / sizeof *groups;
    if (count > GROUPS)
        return -EINVAL;
    memcpy(groups, text_of(&h->plan, r->data), count * sizeof *groups);
    int error = sys_prctl(PR_SET_KEEPCAPS, 1, 0);
    if (!error && r->number == 0)
        error = set_groups(h, count, groups);
    if (!error)
        error = (int)CALL(setresgid, r->second, r->second, r->second);
    if (!error)
        error = (int)CALL(setresuid, r->first, r->first, r->first);
    if (!error) /* a change of ids makes a process dumpable where fs.suid_dumpable is 1 */
        error = sys_prctl(PR_SET_DUMPABLE, 0, 0);
    return error ? error : raise_permitted();
}

static int raise_ambient(uint64_t wanted)
{
    int error = (int)CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int capability = 0; capability < CAPABILITIES && !error; capability++)
        if (wanted >> capability & 1)
            error = (int)CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
    return error;
}

int step_capabilities(struct helper *h, const struct record *r)
{
    uint64_t ambient;
    if (r->data.length != sizeof ambient)
        return -EINVAL;
    memcpy(&ambient, text_of(&h->plan, r->data), sizeof ambient);
    int error = set_capabilities(r->first, r->second, r->third);
    return error ? error : raise_ambient(ambient);
}

int step_no_new_privileges(struct helper *h, const struct record *r)
{
    (void)h, (void)r;
    return sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
}

struct filter_program { /* `struct sock_fprog` */
    uint16_t instructions;
    const void *program;
};

int step_seccomp(struct helper *h, const struct record *r)
{
    struct filter_program program = {(uint16_t)(r->data.length / 8), text_of(&h->plan, r->data)};
    if (r->data.length % 8 || r->data.length / 8 > 4096)
        return -EINVAL;
    if (r->flags & LISTEN)
        return seccomp_with_listener(h, r->first, &program);
    return (int)CALL(seccomp, SECCOMP_SET_FILTER, r->first, &program);
}
