"""Mounts that the service can make: of directories, and of named pipes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec, Unavailable
from cloche_hcs.document.mounts import is_pipe
from cloche_hcs.versions import NAMED_PIPES

if TYPE_CHECKING:
    from cloche.spec import Mount
    from cloche_hcs.versions import WindowsVersion

__all__ = ["check_mount", "really"]

_TYPES = (None, "", "bind", "npipe")


def check_mount(path: str, mount: Mount, host: WindowsVersion | None) -> None:
    """Raise InvalidSpec, or Unavailable for a pipe where this Windows maps none.

    A source that does not exist (yet) is the service's to judge.
    """
    if mount.type not in _TYPES:
        raise InvalidSpec(
            f"{path}.type: Windows mounts no {mount.type}", path=f"{path}.type", hint="bind"
        )
    source = mount.source or ""
    if is_pipe(source):
        _check_pipes(path, host)
    elif os.path.isfile(source):
        raise InvalidSpec(
            f"{path}.source: {source} is a file, and Windows mounts directories only",
            path=f"{path}.source",
            hint="mount the directory that it is in",
        )


def _check_pipes(path: str, host: WindowsVersion | None) -> None:
    if host is not None and host.build < NAMED_PIPES:
        raise Unavailable(
            f"{path}: Windows {host} maps no named pipes",
            reason=f"the first build that does is {NAMED_PIPES}",
        )


def really(source: str) -> str:
    """Say where a directory lies; the service does not follow a link at the end of a path."""
    return os.path.realpath(source) if _is_link(source) else source


def _is_link(path: str) -> bool:
    is_junction = getattr(os.path, "isjunction", None)  # 3.12
    return os.path.islink(path) or (is_junction is not None and bool(is_junction(path)))
