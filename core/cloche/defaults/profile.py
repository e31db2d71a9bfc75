"""The default seccomp profile: which system calls a container may make, by its capabilities.

The choice of calls is moby's (github.com/moby/profiles, seccomp, June 2026) for the two
architectures that have a native runtime here. Kernels older than 5.3 are not supported, so what
moby allows from 4.8 on is simply allowed. Beyond moby's, a program may not push input into the
terminal it shares with its caller (TIOCSTI, TIOCLINUX).

``default_errno_ret`` is absent on purpose: runtimes then answer EPERM for calls that this profile
leaves out knowingly and ENOSYS for those younger than any it names.
"""

from __future__ import annotations

from functools import cache

from cloche.documents import remember
from cloche.spec import LinuxSeccomp, LinuxSeccompArg, LinuxSyscall

from .syscalls import ALWAYS, BY_CAPABILITY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["DEFAULT_PROFILE", "seccomp_profile"]

_ALLOW = "SCMP_ACT_ALLOW"
_ERRNO = "SCMP_ACT_ERRNO"
_ENOSYS = 38

_LOW = 0xFFFFFFFF
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
#: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET.
_NEW_NAMESPACES = 0x7E020000
#: Any of these and READ_IMPLIES_EXEC never: PER_LINUX, PER_LINUX32, UNAME26 with both, and a query.
_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
#: All address families but AF_ALG (38) and AF_VSOCK (40), which no namespace contains.
_LAST_FAMILIES = (39, 41, 42, 43, 44, 45)


def seccomp_profile(capabilities: Collection[str]) -> LinuxSeccomp:
    """The profile for a process whose bounding set has these capabilities."""
    return _profile(frozenset(BY_CAPABILITY).intersection(capabilities))


@cache
def _profile(capabilities: frozenset[str]) -> LinuxSeccomp:
    return remember(LinuxSeccomp(default_action=_ERRNO, syscalls=tuple(_rules(capabilities))))


def _rules(capabilities: frozenset[str]) -> Iterator[LinuxSyscall]:
    yield LinuxSyscall(names=ALWAYS, action=_ALLOW)
    yield from _except("ioctl", 1, _TIOCSTI, _TIOCLINUX)
    yield from (_low_half("personality", 0, _LOW, known) for known in _PERSONALITIES)
    yield _if("socket", LinuxSeccompArg(index=0, value=38, op="SCMP_CMP_LT"))
    yield from (_low_half("socket", 0, _LOW, family) for family in _LAST_FAMILIES)
    for capability, names in BY_CAPABILITY.items():
        if capability in capabilities:
            yield LinuxSyscall(names=names, action=_ALLOW)
    if "CAP_SYS_ADMIN" not in capabilities:
        yield _low_half("clone", 0, _NEW_NAMESPACES, 0)
        # Its flags are in memory, where a filter cannot look; libraries fall back to clone.
        yield LinuxSyscall(names=("clone3",), action=_ERRNO, errno_ret=_ENOSYS)


def _except(call: str, index: int, *refused: int) -> Iterator[LinuxSyscall]:
    """Allow ``call`` unless the low half of an argument is one of the ``refused``.

    The kernel takes only 32 bits of it, so upper ones must not count; and there is no comparison
    that masks and finds a difference. So the rules describe what remains: numbers that differ in
    one of the bits that all refused ones share, and the other patterns of the bits they do not.
    """
    varying = 0
    for number in refused:
        varying |= number ^ refused[0]
    for bit in (1 << position for position in range(32)):
        if not bit & varying:
            yield _low_half(call, index, bit, bit & ~refused[0])
    for pattern in _submasks(varying):
        if pattern not in {number & varying for number in refused}:
            yield _low_half(call, index, varying, pattern)


def _submasks(mask: int) -> Iterator[int]:
    """Every combination of the bits of ``mask``, the full one first."""
    part = mask
    while part:
        yield part
        part = (part - 1) & mask
    yield 0


def _low_half(call: str, index: int, mask: int, value: int) -> LinuxSyscall:
    argument = LinuxSeccompArg(index=index, value=mask, value_two=value, op="SCMP_CMP_MASKED_EQ")
    return _if(call, argument)


def _if(call: str, argument: LinuxSeccompArg) -> LinuxSyscall:
    return LinuxSyscall(names=(call,), action=_ALLOW, args=(argument,))


DEFAULT_PROFILE = seccomp_profile({"CAP_SYS_CHROOT"})
