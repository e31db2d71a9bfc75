"""Which kernel parameters a container may set: those that are its namespaces' own."""

from __future__ import annotations

import os

from cloche.errors import InvalidSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import Linux, LinuxNamespace

__all__ = ["check_sysctls"]

#: Namespaces whose files beneath /proc are called otherwise.
_FILES = {"network": "net", "mount": "mnt"}

_IPC = frozenset({"msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni"})
_IPC_MORE = frozenset({"shm_rmid_forced", "msg_next_id", "sem_next_id", "shm_next_id"})


def check_sysctls(linux: Linux) -> dict[str, tuple[str, str]]:
    """Return paths beneath /proc/sys and values by name; raises InvalidSpec for the host's.

    Names come with dots or slashes, as sysctl(8) takes them. A namespace that is joined will do,
    unless it is that of this process.
    """
    if not linux.sysctl:
        return {}
    own = {entry.type for entry in linux.namespaces or () if not _is_hosts(entry)}
    checked: dict[str, tuple[str, str]] = {}
    for name, value in linux.sysctl.items():
        where = f'linux.sysctl["{name}"]'
        path = _path(name)
        needed = _namespace(path)
        if needed is None or ".." in path.split("/"):
            raise InvalidSpec(f"{name} is not a container's to set", path=where)
        if needed not in own:
            raise InvalidSpec(
                f"{name} needs a {needed} namespace of the container's own",
                path=where,
                hint="without one it would change this machine",
            )
        checked[name] = path, value
    return checked


def _is_hosts(entry: LinuxNamespace) -> bool:
    """Whether a namespace to join is the one that this process is in."""
    if not entry.path:
        return False
    name = _FILES.get(entry.type, entry.type)
    return os.path.samestat(os.stat(entry.path), os.stat(f"/proc/self/ns/{name}"))


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
