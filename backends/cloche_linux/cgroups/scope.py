"""Scopes of systemd's user manager: how a normal user gets a group to limit.

The user manager's part of the v2 tree belongs to the user, but a process in a login session stands
outside it and may not move anything in. Systemd may: it is asked (by ``busctl``, its own client)
for a transient scope around the container's first process, with everything beneath delegated.
Source: systemd's CGROUP_DELEGATION.md and org.freedesktop.systemd1(5).
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from cloche.errors import BackendError, TimedOut
from cloche.values import Value
from cloche_linux.cgroups.files import read, read_words, write
from cloche_linux.cgroups.layout import detect
from cloche_linux.cgroups.node import Node, enable, make

if TYPE_CHECKING:
    from cloche_linux.cgroups.layout import Hierarchy
    from cloche_linux.cgroups.settings import Setting

__all__ = ["Scope", "offer"]

_CLIENT = "/usr/bin/busctl"
#: Seconds for systemd to answer, and to act.
_PATIENCE = 10.0
#: The group within the scope that holds the processes; the scope itself must be empty.
_INNER = "container"


def offer(hierarchy: Hierarchy) -> frozenset[str] | None:
    """Name the controllers a scope would have; None without systemd's user manager."""
    if not os.access(_CLIENT, os.X_OK):
        return None
    user = os.geteuid()
    manager = f"{hierarchy.mount}/user.slice/user-{user}.slice/user@{user}.service"
    if not _bus() or not os.path.isdir(manager):
        return None
    return read_words(f"{manager}/cgroup.controllers")


class Scope(Value, kw_only=True):
    """A scope, and what is to be set in it once it exists."""

    unit: str
    controllers: frozenset[str] = frozenset()
    settings: tuple[Setting, ...] = ()

    @classmethod
    def planned(cls, id: str, controllers: frozenset[str], settings: tuple[Setting, ...]) -> Scope:
        """Name the scope of a container."""
        safe = "".join(letter if letter.isalnum() else f"_{ord(letter):x}" for letter in id)
        return cls(unit=f"cloche-{safe}.scope", controllers=controllers, settings=settings)

    def start(self, pid: int) -> Node:
        """Make the scope around a process, and within it the group that holds the process.

        Raises BackendError in systemd's words, TimedOut if it does not act in time.
        """
        delegate = ("Delegate", "b", "true")
        collect = ("CollectMode", "s", "inactive-or-failed")
        properties = ("3", *delegate, *collect, "PIDs", "au", "1", str(pid))
        _call("StartTransientUnit", "ssa(sv)a(sa(sv))", self.unit, "fail", *properties, "0")
        directory = _settled(pid, self.unit)
        node = Node(version=2, controllers=frozenset(), path=f"{directory}/{_INNER}")
        made = make(node, directory)
        write(f"{made.path}/cgroup.procs", str(pid))
        enable(directory, self.controllers)
        return replace(made, controllers=self.controllers)

    def join(self, pid: int) -> None:
        """Have systemd move a further process in; errors as of ``start``."""
        _call("AttachProcessesToUnit", "ssau", self.unit, f"/{_INNER}", "1", str(pid))


def _bus() -> bool:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return "DBUS_SESSION_BUS_ADDRESS" in os.environ or os.path.exists(f"{runtime}/bus")


def _call(method: str, signature: str, *arguments: str) -> None:
    import subprocess

    service = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1")
    command = [_CLIENT, "--user", "call", *service, f"{service[0]}.Manager", method, signature]
    try:
        result = subprocess.run(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        raise TimedOut("systemd's user manager does not answer", operation="create") from error
    if result.returncode:
        raise BackendError(f"systemd: {result.stderr.strip()}", step=method, path=arguments[0])


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
