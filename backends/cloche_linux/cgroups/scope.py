"""A scope of systemd's user manager: how a normal user gets groups to limit.

The user manager's part of the v2 tree belongs to the user, but a process in a login session stands
outside it and may not move anything in. Systemd may. It is asked for one transient scope for each
process that makes containers, with everything beneath delegated, and to move every process of a
container in.

A scope vanishes with its last process, and with it all that was counted. So a process of ours
stays in it, which ends when the process that makes the containers does.

Source: systemd's CGROUP_DELEGATION.md and org.freedesktop.systemd1(5).
"""

from __future__ import annotations

import os
import signal
import threading
import time

from cloche.errors import BackendError, NotFound, TimedOut
from cloche.values import Value
from cloche_linux.cgroups.files import read, read_words, write
from cloche_linux.cgroups.layout import detect
from cloche_linux.cgroups.node import enable
from cloche_linux.systemd.client import Manager, is_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche_linux.cgroups.layout import Hierarchy
    from cloche_linux.systemd.client import Property

__all__ = ["Scope", "offer", "own_scope"]

#: Seconds for systemd to act.
_PATIENCE = 10.0
#: The group of the process that keeps the scope: the scope itself must have none.
_KEEPER = "keeper"


class Scope(Value, kw_only=True):
    """A scope that is there: groups may be made in it, but only systemd moves processes in."""

    unit: str
    directory: str

    @property
    def info(self) -> dict[str, str]:
        """Small JSON for ``Scope.load``."""
        return {"unit": self.unit, "directory": self.directory}

    @classmethod
    def load(cls, info: Mapping[str, object]) -> Scope:
        """Read what ``info`` wrote; ValueError if it is something else."""
        match info:
            case {"unit": str(unit), "directory": str(directory)}:
                return cls(unit=unit, directory=directory)
        raise ValueError("not the record of a scope")

    def admit(self, pid: int, group: str) -> None:
        """Have systemd move a process into a group beneath the scope.

        Raises ProcessLookupError if the process is gone, else BackendError in systemd's words, or
        TimedOut if it does not answer.
        """
        inner = group.removeprefix(self.directory)
        try:
            with Manager.open(user=True) as manager:
                manager.attach(self.unit, inner, pid)
        except (BackendError, NotFound) as error:
            if os.path.exists(f"/proc/{pid}"):
                raise
            raise ProcessLookupError(f"process {pid} is gone") from error


def offer(hierarchy: Hierarchy) -> frozenset[str] | None:
    """Name the controllers a scope would have; None without systemd's user manager."""
    user = os.geteuid()
    manager = f"{hierarchy.mount}/user.slice/user-{user}.slice/user@{user}.service"
    if not is_here(user=True) or not os.path.isdir(manager):
        return None
    return read_words(f"{manager}/cgroup.controllers")


_lock = threading.Lock()
_own: dict[int, Scope] = {}


def own_scope(controllers: frozenset[str]) -> Scope:
    """Find this process's scope, made on first use, whose groups can have these controllers.

    Errors as of ``Scope.admit``, or OSError.
    """
    pid = os.getpid()
    with _lock:
        if pid not in _own or not os.path.isdir(_own[pid].directory):
            _own[pid] = _start(f"cloche-{pid}-{time.time_ns():x}.scope")
    enable(_own[pid].directory, controllers)
    return _own[pid]


def _start(unit: str) -> Scope:
    keeper = _keeper()
    properties: list[Property] = [
        ("Delegate", ("b", True)),
        ("CollectMode", ("s", "inactive-or-failed")),
        ("PIDs", ("au", [keeper])),
    ]
    try:
        with Manager.open(user=True) as manager:
            manager.start_scope(unit, properties)
        directory = _settled(keeper, unit)
        os.mkdir(f"{directory}/{_KEEPER}")
        write(f"{directory}/{_KEEPER}/cgroup.procs", str(keeper))
    except BaseException:
        os.kill(keeper, signal.SIGKILL)
        os.waitpid(keeper, 0)
        raise
    return Scope(unit=unit, directory=directory)


def _keeper() -> int:
    """Start a process that ends with this one: it reads a pipe that nobody writes to.

    The other end stays open on purpose, for as long as this process lives.
    """
    reading, _ = os.pipe()
    try:
        actions = [
            (os.POSIX_SPAWN_DUP2, reading, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        # In a process group of its own, for Ctrl-C is not meant for it.
        return os.posix_spawn("/bin/cat", ["cat"], {}, file_actions=actions, setpgroup=0)
    finally:
        os.close(reading)


def _settled(pid: int, unit: str) -> str:
    """Wait until systemd has moved the process; the scope's directory."""
    deadline = time.monotonic() + _PATIENCE
    while not (group := _group(pid)).endswith(f"/{unit}"):
        if time.monotonic() > deadline:
            raise TimedOut(f"systemd did not make {unit} in time", operation="create")
        time.sleep(0.002)
    unified = detect().unified
    return f"{unified.mount if unified else ''}{group}"


def _group(pid: int) -> str:
    """The v2 group of a process, from the top of the hierarchy."""
    lines = (read(f"/proc/{pid}/cgroup") or "").splitlines()
    return next((line[3:] for line in lines if line.startswith("0::")), "")
