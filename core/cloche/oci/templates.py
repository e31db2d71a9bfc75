"""A configuration to begin with, as `spec` writes it."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
from typing import Any

from cloche.spec import VERSION

__all__ = ["template"]

_CAPABILITIES = ("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE")
_SETS = ("bounding", "effective", "permitted")
_SAFE = ("nosuid", "noexec", "nodev")
_MASKED = (
    *("/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats"),
    *("/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"),
)
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_NAMESPACES = ("pid", "network", "ipc", "uts", "mount")
#: Is there where control groups have version 2 only, by which alone a namespace hides the rest.
_ONLY_V2 = "/sys/fs/cgroup/cgroup.controllers"


def template(*, rootless: bool = False) -> dict[str, Any]:
    """Say what most containers want; ``rootless``, for the user that asks."""
    return {
        "ociVersion": VERSION,
        "process": _process(),
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "cloche",
        "mounts": _mounts(rootless),
        "linux": _linux(rootless),
    }


def _process() -> dict[str, Any]:
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        "terminal": True,
        "user": {"uid": 0, "gid": 0},
        "args": ["sh"],
        "env": [f"PATH={path}", "TERM=xterm"],
        "cwd": "/",
        "capabilities": {name: list(_CAPABILITIES) for name in _SETS},
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        "noNewPrivileges": True,
    }


def _mounts(rootless: bool) -> list[dict[str, Any]]:
    shared = ("mode=1777", "size=65536k")
    group = () if rootless else ("gid=5",)
    terminals = ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", *group)
    return [
        _mount("/proc", "proc", "proc"),
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount("/dev/pts", "devpts", "devpts", *terminals),
        _mount("/dev/shm", "tmpfs", "shm", *_SAFE, *shared),  # noqa: S108 - the container's own
        _mount("/dev/mqueue", "mqueue", "mqueue", *_SAFE),
        _mount("/sys", "sysfs", "sysfs", *_SAFE, "ro"),
        _mount("/sys/fs/cgroup", "cgroup", "cgroup", *_SAFE, "relatime", "ro"),
    ]


def _mount(destination: str, type: str, source: str, *options: str) -> dict[str, Any]:
    mount: dict[str, Any] = {"destination": destination, "type": type, "source": source}
    return {**mount, "options": list(options)} if options else mount


def _linux(rootless: bool) -> dict[str, Any]:
    further = {"cgroup": os.path.exists(_ONLY_V2), "user": rootless}
    kinds = (*_NAMESPACES, *(kind for kind, wanted in further.items() if wanted))
    section: dict[str, Any] = {
        "namespaces": [{"type": kind} for kind in kinds],
        "maskedPaths": list(_MASKED),
        "readonlyPaths": list(_READ_ONLY),
    }
    if rootless:
        ids = (("uidMappings", os.geteuid()), ("gidMappings", os.getegid()))
        return {**{name: [_mapping(number)] for name, number in ids}, **section}
    return {"resources": {"devices": [{"allow": False, "access": "rwm"}]}, **section}


def _mapping(id: int) -> dict[str, int]:
    return {"containerID": 0, "hostID": id, "size": 1}
