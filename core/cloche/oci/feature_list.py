"""What the runtime can do, as other programs ask for it.

Source: https://github.com/opencontainers/runtime-spec/blob/main/features.md
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

from typing import Any

from cloche.capabilities import ALL
from cloche.spec import VERSION, Hooks

__all__ = ["features", "version"]

_OLDEST = "1.0.0"
_ATTRIBUTES = (
    *("ro", "rw", "nosuid", "suid", "nodev", "dev", "noexec", "exec", "nodiratime", "diratime"),
    *("nosymfollow", "symfollow", "noatime", "atime", "relatime", "norelatime"),
    *("strictatime", "nostrictatime"),
)
_PROPAGATIONS = ("private", "shared", "slave", "unbindable")
_MANNERS = ("bind", "rbind", "remount", "idmap", "ridmap", "tmpcopyup")
#: Not of the runtime-spec, but crun's.
_LINKS = ("copy-symlink", "src-nofollow", "dest-nofollow")
_SUPERBLOCK = ("sync", "async", "dirsync", "lazytime", "nolazytime", "mand", "nomand")
_SILENT = ("defaults", "loud", "silent", "iversion", "noiversion")
_NAMESPACES = ("cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts")
_ACTIONS = (
    *("ALLOW", "ERRNO", "KILL", "KILL_PROCESS", "KILL_THREAD"),
    *("LOG", "NOTIFY", "TRACE", "TRAP"),
)
_OPERATORS = ("EQ", "GE", "GT", "LE", "LT", "MASKED_EQ", "NE")
_MEMORY_MODES = (
    *("DEFAULT", "PREFERRED", "BIND", "INTERLEAVE", "LOCAL"),
    *("PREFERRED_MANY", "WEIGHTED_INTERLEAVE"),
)
_MEMORY_FLAGS = ("NUMA_BALANCING", "RELATIVE_NODES", "STATIC_NODES")
_FILTER_FLAGS = ("LOG", "SPEC_ALLOW", "TSYNC", "WAIT_KILLABLE_RECV")


def features() -> dict[str, Any]:
    """Tell what the native runtime can do, whatever this machine lacks."""
    return {
        "ociVersionMin": _OLDEST,
        "ociVersionMax": VERSION,
        "hooks": [Hooks.json_name(name) for name in Hooks.__template__],
        "mountOptions": sorted(_mount_options()),
        "linux": _linux(),
        "annotations": {"dev.cloche.version": version()},
    }


def _mount_options() -> set[str]:
    recursive = {f"r{name}" for name in (*_ATTRIBUTES, *_PROPAGATIONS)}
    return {*_MANNERS, *_LINKS, *_ATTRIBUTES, *_PROPAGATIONS, *_SUPERBLOCK, *_SILENT, *recursive}


def _linux() -> dict[str, Any]:
    return {
        "namespaces": list(_NAMESPACES),
        "capabilities": list(ALL),
        "cgroup": {
            "v1": True,
            "v2": True,
            "systemd": True,
            "systemdUser": True,
            "rdma": True,
        },
        "seccomp": {
            "enabled": True,
            "actions": [f"SCMP_ACT_{name}" for name in _ACTIONS],
            "operators": [f"SCMP_CMP_{name}" for name in _OPERATORS],
            "archs": ["SCMP_ARCH_AARCH64", "SCMP_ARCH_X86_64"],
            "knownFlags": [f"SECCOMP_FILTER_FLAG_{name}" for name in _FILTER_FLAGS],
            "supportedFlags": [f"SECCOMP_FILTER_FLAG_{name}" for name in _FILTER_FLAGS],
        },
        "apparmor": {"enabled": True},
        "selinux": {"enabled": True},
        "intelRdt": {"enabled": True, "schemata": True, "monitoring": True},
        "netDevices": {"enabled": True},
        "memoryPolicy": {
            "modes": [f"MPOL_{name}" for name in _MEMORY_MODES],
            "flags": [f"MPOL_F_{name}" for name in _MEMORY_FLAGS],
        },
        "mountExtensions": {"idmap": {"enabled": True}},
    }


def version() -> str:
    """Tell the version of this package."""
    from importlib.metadata import version as of

    return of("cloche")
