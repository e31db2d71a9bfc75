"""The kernel's numbers that plans are made of, under the kernel's own names.

Values are those of the UAPI headers ``linux/sched.h``, ``linux/mount.h`` and ``asm/resource.h``;
they are the same on x86-64 and aarch64.
"""

from __future__ import annotations

import enum


class Namespace(enum.IntFlag):
    """The kinds of namespace, as ``unshare(2)`` and ``setns(2)`` take them."""

    TIME = 0x00000080
    MOUNT = 0x00020000
    CGROUP = 0x02000000
    UTS = 0x04000000
    IPC = 0x08000000
    USER = 0x10000000
    PID = 0x20000000
    NETWORK = 0x40000000


class Attribute(enum.IntFlag):
    """What a mount can be besides what its file system is (``mount_setattr(2)``).

    The three access-time modes are one field: a plan that sets one of them clears the field first.
    """

    RDONLY = 0x00000001
    NOSUID = 0x00000002
    NODEV = 0x00000004
    NOEXEC = 0x00000008
    NOATIME = 0x00000010
    STRICTATIME = 0x00000020
    ATIME_FIELD = 0x00000070
    NODIRATIME = 0x00000080
    NOSYMFOLLOW = 0x00200000


class Propagation(enum.IntEnum):
    """How mounts made in one place show in its peers (``mount_namespaces(7)``); KEEP changes
    nothing."""

    KEEP = 0
    UNBINDABLE = 1 << 17
    PRIVATE = 1 << 18
    SLAVE = 1 << 19
    SHARED = 1 << 20


class Resource(enum.IntEnum):
    """The resources ``setrlimit(2)`` limits."""

    CPU = 0
    FSIZE = 1
    DATA = 2
    STACK = 3
    CORE = 4
    RSS = 5
    NPROC = 6
    NOFILE = 7
    MEMLOCK = 8
    AS = 9
    LOCKS = 10
    SIGPENDING = 11
    MSGQUEUE = 12
    NICE = 13
    RTPRIO = 14
    RTTIME = 15


UNLIMITED = 0xFFFFFFFFFFFFFFFF
"""``RLIM_INFINITY``."""


class Resolve(enum.IntFlag):
    """How far a path may lead (``openat2(2)``, ``linux/openat2.h``)."""

    NO_XDEV = 0x01
    NO_MAGICLINKS = 0x02
    NO_SYMLINKS = 0x04
    BENEATH = 0x08
    IN_ROOT = 0x10
