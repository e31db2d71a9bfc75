r"""Mounts of Windows containers: directories of this machine, and pipes (``\\.\pipe\NAME``)."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec

if TYPE_CHECKING:
    from cloche.mount import Mount
    from cloche.spec import Mount as SpecMount

__all__ = ["windows_mount"]

_PIPES = "\\\\.\\pipe\\"
#: A folder of a drive, or a drive of its own.
_TARGET = re.compile(r"[A-Za-z]:\\[^\0:*?\"<>|]*")


def windows_mount(mount: Mount, parameter: str) -> SpecMount:
    """Check a mount, and put it into the specification's words.

    Raises InvalidSpec for memory, for a source that does not exist or is a file, and for a target
    that is no absolute path of Windows; ``parameter`` is what the error names.
    """
    from cloche.spec import Mount as SpecMount

    if mount.kind != "bind":
        raise InvalidSpec(f"{parameter}: Windows mounts no memory: {mount.target}", path=parameter)
    return SpecMount(
        destination=_target(parameter, mount.target),
        source=_source(parameter, mount),
        options=("ro",) if mount.read_only else ("rw",),
    )


def _target(parameter: str, target: str) -> str:
    path = target.replace("/", "\\")
    if _is_pipe(path):
        return path
    if not _TARGET.fullmatch(path) or path.lower().rstrip("\\") == "c:":
        raise InvalidSpec(
            f"{parameter}: {target!r} is not an absolute path in a Windows container",
            path=parameter,
            hint=r"-v C:\data:C:\data:ro",
        )
    return path


def _source(parameter: str, mount: Mount) -> str:
    from cloche.mount import check_source

    given = mount.source or ""
    if _is_pipe(given):
        return given
    source = os.path.abspath(os.path.expanduser(given))
    check_source(parameter, mount, source)
    if not os.path.isdir(source):
        raise InvalidSpec(
            f"{parameter}: {source} is a file, and Windows mounts directories only",
            path=parameter,
            hint="mount the directory that it is in",
        )
    return source


def _is_pipe(path: str) -> bool:
    return path.lower().replace("/", "\\").startswith(_PIPES)
