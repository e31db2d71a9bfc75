"""Seccomp: a policy of the runtime-spec becomes the classic BPF program that the kernel runs.

No library is needed. The default policy is shipped compiled, so most containers need no compiler
either; the others' programs are kept as long as the policies stay in use.
"""

from __future__ import annotations

from functools import cache, lru_cache
from os import path
from typing import TYPE_CHECKING

from cloche.defaults import DEFAULT_PROFILE
from cloche.errors import InvalidSpec, NotSupported

if TYPE_CHECKING:
    from cloche.spec import LinuxSeccomp

__all__ = ["FLAGS", "MACHINES", "NOTIFY", "asks", "filter_flags", "program", "shipped_file"]

#: The machines there are programs for, as uname calls them.
MACHINES = ("x86_64", "aarch64")

NOTIFY = "SCMP_ACT_NOTIFY"

#: include/uapi/linux/seccomp.h
FLAGS = {
    "SECCOMP_FILTER_FLAG_TSYNC": 1 << 0,
    "SECCOMP_FILTER_FLAG_LOG": 1 << 1,
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW": 1 << 2,
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV": 1 << 5,
}
_FOR_SEVERAL_THREADS = FLAGS["SECCOMP_FILTER_FLAG_TSYNC"]
_FOR_LISTENERS = FLAGS["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]


def asks(seccomp: LinuxSeccomp) -> bool:
    """Whether a listener is to answer for some calls."""
    if seccomp is DEFAULT_PROFILE:
        return False
    actions = (rule.action for rule in seccomp.syscalls or ())
    return NOTIFY in (seccomp.default_action, *actions)


def program(seccomp: LinuxSeccomp, machine: str) -> bytes:
    """The filter for ``machine``: an array of ``struct sock_filter``, ready for seccomp(2).

    Calls of other architectures (i386 and x32 on x86-64, 32-bit ARM on aarch64) are answered with
    ENOSYS, whichever ``architectures`` the policy lists. Names that the machine has no call for are
    passed over. Raises InvalidSpec for what no program can express, NotSupported for a machine that
    has no system call table here.
    """
    if machine not in MACHINES:
        raise NotSupported(f"no seccomp programs for {machine}", backend="linux")
    if seccomp is DEFAULT_PROFILE or seccomp == DEFAULT_PROFILE:
        return _shipped(machine)
    return _compiled(seccomp, machine)


def filter_flags(seccomp: LinuxSeccomp) -> int:
    """The flags with which the kernel is to load the filter; InvalidSpec for an unknown one.

    Those that mean nothing for a filter are left out, which the kernel would refuse: how a listener
    is waited for where there is none, and beside a listener that all threads are to have the filter
    of a process that has one.
    """
    flags = 0
    for position, name in enumerate(seccomp.flags or ()):
        if name not in FLAGS:
            where = f"linux.seccomp.flags[{position}]"
            raise InvalidSpec(f"{where}: no such filter flag: {name}", path=where)
        flags |= FLAGS[name]
    return flags & ~(_FOR_SEVERAL_THREADS if asks(seccomp) else _FOR_LISTENERS)


def shipped_file(machine: str) -> str:
    """Where the compiled default policy for ``machine`` lies."""
    return path.join(path.dirname(__file__), f"default-{machine}.bpf")


@cache
def _shipped(machine: str) -> bytes:
    with open(shipped_file(machine), "rb") as file:
        return file.read()


@lru_cache(maxsize=32)
def _compiled(seccomp: LinuxSeccomp, machine: str) -> bytes:
    from .compiler import compiled

    return compiled(seccomp, machine)
