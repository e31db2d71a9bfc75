"""What this process itself may do: containers can't be given more."""

from __future__ import annotations

import os
import resource
from functools import lru_cache

from cloche.values import Value

__all__ = ["Privileges", "privileges"]

_SYS_ADMIN = 21
_SYS_RESOURCE = 24
_EVERY_ID = ["0", "0", "4294967295"]


class Privileges(Value):
    """Ids and capabilities of this process."""

    uid: int
    gid: int
    #: Capabilities a child may have at most, as a mask of bits.
    capabilities: int
    #: Whether this process is in a user namespace that is not the machine's.
    mapped: bool

    @property
    def rootless(self) -> bool:
        """Whether containers need a user namespace of their own to be made at all."""
        return self.uid != 0 or not self.has(_SYS_ADMIN)

    @property
    def may_raise_limits(self) -> bool:
        return self.has(_SYS_RESOURCE) and not self.rootless and not self.mapped

    def has(self, capability: int) -> bool:
        return bool(self.capabilities >> capability & 1)


def privileges() -> Privileges:
    """Return what this process may do; read once for each user it becomes."""
    return _read(os.geteuid(), os.getegid(), os.getpid())


@lru_cache(maxsize=4)
def _read(uid: int, gid: int, pid: int) -> Privileges:
    with open("/proc/thread-self/status", encoding="utf-8", errors="replace") as status:
        fields = dict(line.split(":", 1) for line in status if line.startswith("Cap"))
    effective = int(fields["CapEff"], 16) & int(fields["CapBnd"], 16)
    return Privileges(uid, gid, effective, _is_mapped())


def _is_mapped() -> bool:
    """Whether not every id is its own: only in the machine's user namespace are all."""
    with open("/proc/thread-self/uid_map", encoding="utf-8") as file:
        return file.read().split() != _EVERY_ID


def clamp_limit(name: int, soft: int, hard: int) -> tuple[int, int]:
    """Lower a limit to what this process may give; the numbers of ``getrlimit``, unlimited too."""
    if privileges().may_raise_limits:
        return soft, hard
    ours = resource.getrlimit(name)[1]
    if ours == resource.RLIM_INFINITY:
        return soft, hard
    return _lower(soft, ours), _lower(hard, ours)


def _lower(wanted: int, ours: int) -> int:
    return ours if wanted == resource.RLIM_INFINITY else min(wanted, ours)
