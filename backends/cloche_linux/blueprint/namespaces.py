"""Which namespaces a container makes, joins, and shares with the host."""

from __future__ import annotations

import fcntl
import os

from cloche.errors import InvalidSpec, NotSupported
from cloche.values import Value
from cloche_linux.idmaps import IdMaps, own_maps, requested_maps
from cloche_linux.kernel import Namespace
from cloche_linux.privileges import Privileges, privileges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import Linux

__all__ = ["Namespaces", "check_namespaces", "choose"]

_KINDS = {
    "pid": Namespace.PID,
    "network": Namespace.NETWORK,
    "mount": Namespace.MOUNT,
    "ipc": Namespace.IPC,
    "uts": Namespace.UTS,
    "user": Namespace.USER,
    "cgroup": Namespace.CGROUP,
    "time": Namespace.TIME,
}
_MOUNTS_OF_HOST = ("/proc/self/ns/mnt", "/proc/1/ns/mnt")
_NS_GET_NSTYPE = 0xB703  # linux/nsfs.h
_LATE = Namespace.USER | Namespace.TIME


class Namespaces(Value):
    """The namespaces of one container."""

    #: Those it makes for itself.
    own: Namespace
    #: Those of others that it joins, by the path of their file.
    joined: tuple[tuple[Namespace, str], ...]
    #: The maps of a user namespace of its own.
    maps: IdMaps | None

    @property
    def apart(self) -> Namespace:
        """All that are not the host's: what an exec must enter."""
        entered = self.own
        for kind, _ in self.joined:
            entered |= kind
        return entered

    @property
    def spawned_apart(self) -> bool:
        """Whether the helper is spawned in the new pid namespace right away."""
        return self.has_own(Namespace.PID) and not self.forks

    @property
    def forks(self) -> bool:
        """Whether the helper has to go on in a child, where namespaces are for children only."""
        # Processes are their owner's who makes the namespace, so a user namespace comes before.
        joins = self._joins(Namespace.PID) or self._joins(Namespace.USER)
        return joins or int.__and__(self.own, _LATE) != 0

    @property
    def in_user_namespace(self) -> bool:
        """Whether its user namespace is not the machine's, but made, joined, or ours already."""
        own = self.has_own(Namespace.USER) or self._joins(Namespace.USER)
        return own or privileges().mapped

    @property
    def may_mount_sys(self) -> bool:
        """Whether a fresh /sys may be mounted, which shows the network of who mounts it.

        That takes privileges over the network, which a new user namespace has over a new one only.
        """
        if self.has_own(Namespace.NETWORK):
            return True
        return self._joins(Namespace.NETWORK) and not self.has_own(Namespace.USER)

    @property
    def shares_mounts(self) -> bool:
        """Whether its mounts are the host's."""
        return not self.has_own(Namespace.MOUNT) and not self._joins(Namespace.MOUNT)

    def has_own(self, kind: Namespace) -> bool:
        # As numbers: an operator of flags takes ten times as long, and plans ask often.
        return int.__and__(self.own, kind) != 0

    def _joins(self, kind: Namespace) -> bool:
        return any(each is kind for each, _ in self.joined)


def check_namespaces(linux: Linux, namespaces: Namespaces, *, explicit: bool) -> None:
    """Raise InvalidSpec for a path that names none of its type, and for mounts that can't be had.

    ``explicit``: the specification is the caller's own word, so that the host's mounts are meant
    where none are listed. Else NotSupported.
    """
    for number, entry in enumerate(linux.namespaces or ()):
        if entry.path:
            _check_path(entry.path, _KINDS[entry.type], f"linux.namespaces[{number}].path")
    if not namespaces.shares_mounts:
        return
    if not explicit:
        raise NotSupported(
            "linux.namespaces: a container needs a mount namespace that is not the host's",
            hint='add {"type": "mount"}, or one with a path',
        )
    if namespaces.in_user_namespace:
        raise InvalidSpec(
            "a user namespace of its own has no right to mount among the mounts of the host",
            path="linux.namespaces",
            hint='add {"type": "mount"}',
        )


def _check_path(path: str, kind: Namespace, where: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise InvalidSpec(f"{path}: {error.strerror}", path=where) from error
    try:
        found = fcntl.ioctl(descriptor, _NS_GET_NSTYPE)
    except OSError as error:
        raise InvalidSpec(f"{path} is not a namespace", path=where) from error
    finally:
        os.close(descriptor)
    if found != kind.value:
        other = next((name for name, each in _KINDS.items() if each.value == found), "another")
        raise InvalidSpec(f"{path} is a namespace of the type {other}", path=where)
    if kind is Namespace.MOUNT:
        _refuse_mounts_of_host(path, where)


def _refuse_mounts_of_host(path: str, where: str) -> None:
    """Whoever means the host's own says so by listing none, and gets a root that can be undone."""
    wanted = os.stat(path)
    if any(_is(wanted, host) for host in _MOUNTS_OF_HOST):
        raise InvalidSpec(
            "the mount namespace to join is the host's, whose root a container would replace",
            path=where,
            hint="make one for it: unshare --mount",
        )


def _is(wanted: os.stat_result, path: str) -> bool:
    try:
        return os.path.samestat(wanted, os.stat(path))
    except PermissionError:
        return False  # who may not look at init's namespace has no way to join it either


def choose(linux: Linux) -> Namespaces:
    """Read the specification's list; without privileges a user namespace is added.

    Raises InvalidSpec for a list that this runtime can't carry out safely.
    """
    global _latest
    latest, rights = _latest, privileges()
    if latest is not None and latest[0] is linux and latest[1] is rights:
        return latest[2]
    chosen = _choose(linux)
    if chosen.maps is None:  # maps depend on files that others write
        _latest = linux, rights, chosen
    return chosen


#: The section that was read last: most containers of a process have the very same one.
_latest: tuple[Linux, Privileges, Namespaces] | None = None


def _choose(linux: Linux) -> Namespaces:
    bits, joined = 0, list[tuple[Namespace, str]]()
    for number, entry in enumerate(linux.namespaces or ()):
        kind = _kind(entry.type, number)
        if entry.path:
            joined.append((kind, entry.path))
        else:
            bits |= kind.value
    own = Namespace(bits)
    joined_user = any(kind is Namespace.USER for kind, _ in joined)
    maps = None if joined_user else _maps(linux, bits & Namespace.USER.value != 0)
    if maps is not None:
        own |= Namespace.USER
    return Namespaces(own, tuple(joined), maps)


def _kind(name: str, number: int) -> Namespace:
    kind = _KINDS.get(name)
    if kind is None:
        known = ", ".join(sorted(_KINDS))
        raise InvalidSpec(
            f"no such namespace here: {name}",
            path=f"linux.namespaces[{number}].type",
            hint=f"known are {known}",
        )
    return kind


def _maps(linux: Linux, own_user: bool) -> IdMaps | None:
    if own_user and (linux.uid_mappings or linux.gid_mappings):
        return requested_maps(linux.uid_mappings, linux.gid_mappings)
    # Of whom no maps are named, has its maker's, who is root there: for crun's callers, too.
    return own_maps() if own_user or privileges().rootless else None
