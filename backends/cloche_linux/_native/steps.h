/* Every step a plan may hold: number, name, function and what its record's fields mean.
 *
 * The one table behind dispatch, error reports and fault injection; `steps.py` has the same names and
 * numbers, and a test compares the two. `plan.h` says what a record is. Paths inside the container are
 * marked @, lists of strings [].
 *
 * The second column is what the decoder must find right before anything is done:
 *   P path is a string   S source is a string   D data is a list   M more is a list
 *   L source is a list   N number is the place of an extra descriptor, or -1 where it may be absent
 */
#define STEPS(STEP)                                                                                                    \
    STEP(0, PLAN, 0, plan)                         /* the reading of the plan itself; never in a plan */               \
    STEP(1, UNSHARE, 0, unshare)                   /* first: CLONE_NEW* */                                             \
    STEP(2, JOIN, N, join)                         /* number: namespace; first: its kind */                            \
    STEP(3, JOIN_PROCESS, N, join_process)         /* number: pidfd; first: CLONE_NEW* */                              \
    STEP(4, MAP_BY_PARENT, 0, map_by_parent)       /* */                                                               \
    STEP(5, MAP_SELF, 0, map_self)                 /* first, second: the ids outside */                                \
    STEP(6, REEXECUTE, 0, reexecute)               /* */                                                               \
    STEP(7, FORK, 0, fork)                         /* flags: NEW_PID_NAMESPACE */                                      \
    STEP(8, ATTACH_CGROUP, N, attach_cgroup)       /* number: cgroup.procs */                                          \
    STEP(9, OOM_SCORE, 0, oom_score)               /* number: the adjustment */                                        \
    STEP(10, SESSION_KEYRING, 0, session_keyring)  /* */                                                               \
    STEP(11, PROPAGATION, 0, propagation)          /* first: MS_* */                                                   \
    STEP(12, SCRATCH, D, scratch)                  /* data: options[] */                                               \
    STEP(13, ROOT_OVERLAY, P | L | D | M, root_overlay) /* path: host's; else as OVERLAY */                            \
    STEP(14, ROOT_BIND, P | S, root_bind)          /* path, source: host's; flags: RECURSIVE; first: set; third: MS_* */ \
    STEP(15, ROOT_ATTRIBUTES, 0, root_attributes)  /* first: set */                                                    \
    STEP(16, MOUNT, P | S | D, mount)              /* @path; data: options[]; more: type; number: idmap; first: set; third: MS_* */ \
    STEP(17, OVERLAY, P | L | D | M, overlay)      /* @path; source: lowers[]; data: options[]; more: upper, work[] */ \
    STEP(18, BIND, P | S, bind)                    /* @path; number: tree; data: dev, ino; first, second, third */     \
    STEP(19, REMOUNT, P | D, remount)              /* @path; data: options[]; first: set; second: clear; third: MS_* */ \
    STEP(20, DIRECTORY, P, directory)              /* @path; number: mode; first, second: owner */                     \
    STEP(21, DEVICE, P, device)                    /* @path; number: mode; first: device; second, third: owner */      \
    STEP(22, SYMLINK, P | S, symlink)              /* @path; source: what it says */                                   \
    STEP(23, FILE, P, file)                        /* @path; data: content; number: mode; first, second: owner */      \
    STEP(24, MASK, P, mask)                        /* @path */                                                         \
    STEP(25, READ_ONLY, P, read_only)              /* @path */                                                         \
    STEP(26, PIVOT, D, pivot)                      /* data: taken away[] */                                            \
    STEP(27, HOSTNAME, P, hostname)                /* path: the name */                                                \
    STEP(28, DOMAINNAME, P, domainname)            /* path: the name */                                                \
    STEP(29, LOOPBACK, 0, loopback)                /* */                                                               \
    STEP(30, SYSCTL, P, sysctl)                    /* path: below /proc/sys; data: value */                            \
    STEP(31, TERMINAL, 0, terminal)                /* number: owner; first: height; second: width */                   \
    STEP(32, CONSOLE, P, console)                  /* @path */                                                         \
    STEP(33, READY, 0, ready)                      /* flags: WAIT */                                                   \
    STEP(34, INIT, 0, init)                        /* */                                                               \
    STEP(35, IDLE, 0, idle)                        /* */                                                               \
    STEP(36, DESCRIPTORS, 0, descriptors)          /* number: how many extras stay */                                  \
    STEP(37, CONTROLLING_TERMINAL, 0, controlling_terminal) /* */                                                      \
    STEP(38, RLIMIT, 0, rlimit)                    /* number: which; first: soft; second: hard */                      \
    STEP(39, UMASK, 0, umask)                      /* number: mask */                                                  \
    STEP(40, SCHEDULER, 0, scheduler)              /* number: policy; first, second, third: flags, nice, priority; data: times */ \
    STEP(41, PERSONALITY, 0, personality)          /* first: persona */                                                \
    STEP(42, WORKING_DIRECTORY, P, working_directory) /* @path; number: FIRST_TURN, SECOND_TURN */                       \
    STEP(43, BOUNDING, 0, bounding)                /* first: the capabilities that stay */                             \
    STEP(44, IDENTITY, 0, identity)                /* first: uid; second: gid; data: groups; number: -1 keeps them */  \
    STEP(45, CAPABILITIES, 0, capabilities)        /* first, second, third: P, E, I; data: ambient */                  \
    STEP(46, NO_NEW_PRIVILEGES, 0, no_new_privileges) /* */                                                            \
    STEP(47, SECCOMP, P, seccomp)                  /* path: of the listener; data: program; first: flags */            \
    STEP(48, PARENT_DEATH, 0, parent_death)        /* number: signal */                                                \
    STEP(49, EXECUTE, P | L | D, execute)          /* @path; source: arguments[]; data: environment[] */               \
    STEP(50, SEND_ROOT, 0, send_root)              /* */                                                               \
    STEP(51, PROBE, 0, probe)                      /* */                                                               \
    STEP(52, HOOKS_BY_PARENT, 0, hooks_by_parent)  /* */                                                               \
    STEP(53, HOOK, P | L | D, hook)                /* path; source: arguments[]; data: environment[]; more: state; first: place of the pid in it; second: seconds */ \
    STEP(54, AWAIT_START, N, await_start)          /* number: a listening socket */                                    \
    STEP(55, TIME_OFFSETS, 0, time_offsets)        /* data: as timens_offsets takes it */                              \
    STEP(56, IO_PRIORITY, 0, io_priority)          /* number: class and level */                                       \
    STEP(57, AFFINITY, 0, affinity)                /* data: mask of processors */                                      \
    STEP(58, GIVE_STREAMS, 0, give_streams)        /* number: owner; first: group */                                                 \
    STEP(59, FIND_PROGRAM, P | L | D, find_program) /* as EXECUTE */                                                   \
    STEP(60, CLONE_TREE, S | N, clone_tree)        /* source: host's; number: idmap, becomes the tree; data, first, second, third: as BIND */ \
    STEP(61, ENTER_ROOT, N, enter_root)            /* number: a directory */                                           \
    STEP(62, GROUP_BY_PARENT, 0, group_by_parent)  /* */                                                               \
    STEP(63, MEMORY_POLICY, 0, memory_policy)      /* number: mode and flags; data: mask of nodes */                   \
    STEP(64, SEND_NETLINK, 0, send_netlink)        /* */                                                               \
    STEP(65, LABEL, P | N, label)                  /* path: below the procfs number; data: the label */                \
    STEP(66, KEEP, N, keep)                        /* first; number: where the end is noted; first: 1 + the place of a group, or 0; flags: NEW_PID_NAMESPACE */

enum {
#define STEP(number, name, fields, function) STEP_##name = number,
    STEPS(STEP)
#undef STEP
    STEP_COUNT
};
