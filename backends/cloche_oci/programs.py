"""OCI runtimes as programs of this machine: which there are, and what they call themselves."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec, Unavailable
from cloche.values import Value

if TYPE_CHECKING:
    from cloche.spec import Linux

__all__ = ["KNOWN", "Program", "environment", "find_all", "find_tool", "python"]

#: What a bare ``oci`` looks for, with the score of each: how fast, and how like a container.
KNOWN = {"crun": 60, "youki": 55, "runc": 50, "runsc": 40, "kata-runtime": 30}
_OTHERS = 20
_SYSTEM = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: What a runtime may learn of this process's environment; secrets of the caller are none of it.
_PASSED = ("PATH", "HOME", "USER", "LANG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")


class Program(Value):
    """One runtime."""

    #: Absolute.
    path: str

    @property
    def name(self) -> str:
        """What it is called: the last part of its path."""
        return os.path.basename(self.path)

    @property
    def score(self) -> int:
        """How well it does, where it works."""
        return KNOWN.get(self.name, _OTHERS)

    @property
    def has_own_kernel(self) -> bool:
        """Whether its containers see another kernel than this machine's, which has their files."""
        return self.is_machine or self.name.startswith("runsc")

    @property
    def takes_streams(self) -> bool:
        """Whether it gives the streams it gets to a user, the machine's /dev/null not excepted.

        gVisor does for its sandbox, crun (seen with 1.8) for what is executed by another user.
        """
        return self.name.startswith(("runsc", "crun"))

    def log(self, path: str) -> str:
        """Name a file to log to: crun takes what is before a colon for the kind of its log."""
        return f"file:{path}" if self.name.startswith("crun") else path

    def options(self, linux: Linux) -> list[str]:
        """What it has to be told before commands that make or start a container.

        gVisor has a network stack of its own, fed by a namespace that others have made. A new one
        has nothing to give, and gVisor of before 2023 takes it for the host's on Linux 6.
        """
        if not self.name.startswith("runsc"):
            return []
        joined = [space.path for space in linux.namespaces or () if space.type == "network"]
        if not joined:
            return ["--network=host"]
        return [] if joined[0] else ["--network=none"]

    @property
    def is_machine(self) -> bool:
        """Whether its containers are virtual machines."""
        return self.name.startswith("kata")


def find_all(argument: str | None) -> list[Program]:
    """Find the runtime that is meant, or without an argument all known ones, best first.

    Raises InvalidSpec for what is neither a name nor an absolute path, Unavailable for what can't
    be run here.
    """
    if argument is None:
        return [Program(path) for name in KNOWN if (path := find_tool(name))]
    if os.path.isabs(argument):
        return [Program(_checked(argument))]
    if not _NAME.fullmatch(argument):
        raise InvalidSpec(
            f"oci:{argument} names no runtime",
            path="runtime",
            hint="give its name, as oci:runc, or an absolute path",
        )
    path = find_tool(argument)
    if path is None:
        raise Unavailable(
            f"there is no {argument} here", remedy=f"install {argument}, or name its path"
        )
    return [Program(path)]


def _checked(path: str) -> str:
    if not os.path.exists(path):
        raise Unavailable(f"{path} does not exist", remedy="name an OCI runtime that is installed")
    if os.path.isdir(path) or not os.access(path, os.X_OK):
        raise Unavailable(f"{path} is not a program", remedy=f"chmod +x {path}, or name another")
    return path


def find_tool(name: str) -> str | None:
    """Find a program by PATH, and where systems have them whatever PATH says."""
    for directory in (*os.get_exec_path(), *_SYSTEM):
        path = os.path.abspath(os.path.join(directory, name))
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None


def environment() -> dict[str, str]:
    """Make the environment that runtimes run in."""
    return {name: os.environ[name] for name in _PASSED if name in os.environ}


def python() -> str:
    """Name the interpreter that keepers run in; Unavailable if there is only an embedded one."""
    own = sys.executable or ""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (own, os.path.join(sys.base_exec_prefix, "bin", version), find_tool(version)):
        if path and os.path.basename(path).startswith("python") and os.access(path, os.X_OK):
            return path
    raise Unavailable(
        "there is no Python program beside this embedded one", remedy=f"install {version}"
    )
