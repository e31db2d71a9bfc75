"""System calls by what they are needed for: the data of profile.py."""

from __future__ import annotations

__all__ = ["ALWAYS", "BY_CAPABILITY"]


def _words(*lines: str) -> tuple[str, ...]:
    return tuple(" ".join(lines).split())


#: Allowed whatever their arguments. The rest is looked at closely.
ALWAYS = _words(
    # files by name
    "access chdir chmod chown creat faccessat faccessat2 fanotify_mark fchdir fchmodat",
    "fchmodat2 fchownat futimesat getcwd inotify_add_watch inotify_init inotify_init1",
    "inotify_rm_watch lchown link linkat listmount lstat mkdir mkdirat mknod mknodat",
    "name_to_handle_at newfstatat open openat openat2 readlink readlinkat rename renameat",
    "renameat2 rmdir stat statfs statmount statx symlink symlinkat truncate umask unlink",
    "unlinkat utime utimensat utimes",
    # extended attributes
    "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr",
    "listxattrat llistxattr lremovexattr lsetxattr removexattr removexattrat setxattr",
    "setxattrat",
    # open files
    "cachestat close close_range copy_file_range dup dup2 dup3 fadvise64 fallocate fchmod",
    "fchown fcntl fdatasync flock fstat fstatfs fsync ftruncate getdents getdents64 lseek",
    "pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readv",
    "sendfile splice sync sync_file_range syncfs tee vmsplice write writev",
    # waiting for files
    "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2",
    "epoll_wait epoll_wait_old eventfd eventfd2 io_cancel io_destroy io_getevents",
    "io_pgetevents io_setup io_submit poll ppoll pselect6 select signalfd signalfd4",
    # sockets
    "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom",
    "recvmmsg recvmsg sendmmsg sendmsg sendto setsockopt shutdown socketpair",
    # memory
    "brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock",
    "mlock2 mlockall mmap mprotect mremap mseal msync munlock munlockall munmap",
    "pkey_alloc pkey_free pkey_mprotect remap_file_pages",
    # processes
    "arch_prctl capget capset execve execveat exit exit_group fork get_robust_list",
    "get_thread_area getpgid getpgrp getpid getppid getsid gettid kill landlock_add_rule",
    "landlock_create_ruleset landlock_restrict_self modify_ldt pause pidfd_open",
    "pidfd_send_signal prctl process_mrelease process_vm_readv process_vm_writev ptrace",
    "restart_syscall rseq seccomp set_robust_list set_thread_area set_tid_address setpgid",
    "setsid tgkill tkill uretprobe vfork wait4 waitid",
    # users
    "getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid",
    "setgroups setregid setresgid setresuid setreuid setuid",
    # signals
    "rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend",
    "rt_sigtimedwait rt_tgsigqueueinfo sigaltstack",
    # scheduling and limits
    "getcpu getpriority getrlimit getrusage ioprio_get ioprio_set prlimit64",
    "sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr",
    "sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity",
    "sched_setattr sched_setparam sched_setscheduler sched_yield setpriority setrlimit",
    # talking to each other
    "futex futex_requeue futex_wait futex_waitv futex_wake mq_getsetattr mq_notify",
    "mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl",
    "semget semop semtimedop shmat shmctl shmdt shmget",
    # time
    "adjtimex alarm clock_adjtime clock_getres clock_gettime clock_nanosleep getitimer",
    "gettimeofday nanosleep setitimer time timer_create timer_delete timer_getoverrun",
    "timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times",
    # the machine
    "getrandom sysinfo uname",
)

#: Allowed only with the capability, because what comes before the kernel asks for it has had bugs.
BY_CAPABILITY: dict[str, tuple[str, ...]] = {
    "CAP_BPF": ("bpf",),
    "CAP_DAC_READ_SEARCH": ("open_by_handle_at",),
    "CAP_PERFMON": ("perf_event_open",),
    "CAP_SYSLOG": ("syslog",),
    "CAP_SYS_ADMIN": _words(
        "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie",
        "lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr",
        "move_mount open_tree open_tree_attr perf_event_open quotactl quotactl_fd",
        "setdomainname sethostname setns syslog umount2 unshare",
    ),
    "CAP_SYS_BOOT": ("reboot",),
    "CAP_SYS_CHROOT": ("chroot",),
    "CAP_SYS_MODULE": _words("delete_module finit_module init_module"),
    "CAP_SYS_NICE": _words("get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    "CAP_SYS_PACCT": ("acct",),
    "CAP_SYS_PTRACE": _words(
        "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"
    ),
    "CAP_SYS_RAWIO": _words("ioperm iopl"),
    "CAP_SYS_TIME": _words("clock_settime settimeofday"),
    "CAP_SYS_TTY_CONFIG": ("vhangup",),
}
