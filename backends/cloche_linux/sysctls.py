"""Which kernel parameters a container may set: those that are its namespaces' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec

if TYPE_CHECKING:
    from cloche.spec import Linux

__all__ = ["check_sysctls"]

_IPC = frozenset({"msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni"})
_IPC_MORE = frozenset({"shm_rmid_forced", "msg_next_id", "sem_next_id", "shm_next_id"})


def check_sysctls(linux: Linux) -> list[tuple[str, str]]:
    """Return paths beneath /proc/sys and values; raises InvalidSpec for one that is the host's.

    Names come with dots or slashes, as sysctl(8) takes them.
    """
    own = {entry.type for entry in linux.namespaces or () if not entry.path}
    checked = []
    for name, value in (linux.sysctl or {}).items():
        path = _path(name)
        needed = _namespace(path)
        if needed is None or ".." in path.split("/"):
            raise InvalidSpec(f"{name} is not a container's to set", path="linux.sysctl")
        if needed not in own:
            raise InvalidSpec(
                f"{name} needs a {needed} namespace of the container's own",
                path="linux.sysctl",
                hint="without one it would change this machine",
            )
        checked.append((path, value))
    return checked


def _path(name: str) -> str:
    """Turn dots into slashes unless a slash comes first (sysctl(8)): ``net.ipv4.conf.eth0/1.x``."""
    first = next((mark for mark in name if mark in "./"), "/")
    return name if first == "/" else name.translate(str.maketrans("./", "/."))


def _namespace(path: str) -> str | None:
    """The namespace that a parameter belongs to; None for one of the machine."""
    top, _, rest = path.partition("/")
    if top == "net":
        return "network"
    if path.startswith("fs/mqueue/") or (top == "kernel" and rest in _IPC | _IPC_MORE):
        return "ipc"
    if path == "kernel/domainname":  # the host name has a field of its own
        return "uts"
    return None
