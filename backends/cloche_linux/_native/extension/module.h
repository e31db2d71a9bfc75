/* What Python may call: the declarations cffi reads. Everything returns -errno for a failure. */

struct cloche_request {
    const unsigned char *plan;
    size_t plan_size;
    const int *descriptors; /* stdin, stdout, stderr (-1: the null device), then the extras */
    unsigned descriptor_count;
    int new_pid_namespace;
    int cgroup; /* a cgroup2 directory, or -1 */
};

struct cloche_child {
    int pid;
    int pidfd;
    int control;
};

/* Says where the helper is, which is copied to memory by the first spawn. Before that. */
int cloche_use_helper(const char *path);

/* Spawns the helper on a plan; the three results are the caller's. */
int cloche_spawn(const struct cloche_request *request, struct cloche_child *child);

/* Receives a message without waiting: 1, or 0 at the end of file. *fd is -1 or the caller's. */
int cloche_receive(int control, struct message *message, int *fd);
int cloche_send(int control, uint32_t kind);

/* Reaps without waiting: 1 with a wait status, 0 while it runs, -ECHILD if nobody knows any more. */
int cloche_reap(int pidfd, int *status);

/* Has a child reaped when it ends, whether or not somebody asks; its status is kept until it is disowned. */
int cloche_watch(int pidfd);

/* Takes the pidfd over: nobody asks any more. The child is reaped when it ends, and the pidfd closed. */
int cloche_disown(int pidfd);

/* Removes a directory and all beneath it; one that is not there is fine. */
int cloche_remove_tree(const char *path);

int cloche_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int cloche_detach(const char *path);
int cloche_syncfs(int file);

/* Whether the kernel loads filters with these flags. */
int cloche_seccomp_has_flags(unsigned flags);

int cloche_bpf_load_device(const unsigned char *instructions, size_t size);
int cloche_bpf_attach_device(int cgroup, int program);
int cloche_bpf_detach_device(int cgroup, int program);

/* Files as they have to be where a dump is gone on with: `stamp_count` of dump.h's stamps, and their paths. */
struct cloche_front {
    const unsigned char *stamps;
    size_t size;
    size_t stamp_count;
};

/* Writes this process' memory to a file, of which it has to be the only thread. Returns twice: 0 here, and 1 in each
 * process that goes on from the file, with a bit for every signal that it ignores, the lowest for the first. */
int cloche_dump(int file, const struct cloche_front *front, uint64_t *ignored);
