"""The seccomp section: which system calls end how."""

from __future__ import annotations

from .document import Document
from .integers import UInt32, UInt64

__all__ = ["LinuxSeccomp", "LinuxSeccompArg", "LinuxSyscall"]


class LinuxSeccompArg(Document):
    """A condition on one argument of a system call; ``value_two`` counts for MASKED_EQ only.

    For ``SCMP_CMP_MASKED_EQ`` ``value`` is the mask and ``value_two`` what must remain.
    """

    index: UInt32
    value: UInt64
    value_two: UInt64 | None = None
    op: str


class LinuxSyscall(Document):
    """What happens to the calls named, when every condition in ``args`` holds."""

    names: tuple[str, ...]
    action: str
    errno_ret: UInt32 | None = None
    args: tuple[LinuxSeccompArg, ...] | None = None


class LinuxSeccomp(Document):
    """A whole seccomp policy; ``architectures`` beside the native one are additional."""

    default_action: str
    default_errno_ret: UInt32 | None = None
    architectures: tuple[str, ...] | None = None
    flags: tuple[str, ...] | None = None
    listener_path: str | None = None
    listener_metadata: str | None = None
    syscalls: tuple[LinuxSyscall, ...] | None = None
