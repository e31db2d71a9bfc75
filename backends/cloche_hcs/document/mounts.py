r"""Mounts: directories of the host, and named pipes (``\\.\pipe\name``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cloche.spec import Mount

__all__ = ["is_pipe", "mapped_directories", "mapped_pipes"]

_PIPES = "\\\\.\\pipe\\"


def is_pipe(path: str) -> bool:
    """Say whether a path names a pipe; Windows does not look at the case."""
    return path.lower().replace("/", "\\").startswith(_PIPES)


def mapped_directories(
    mounts: Iterable[Mount], resolve: Callable[[str], str]
) -> list[dict[str, object]]:
    """Describe the directories among ``mounts``; ``resolve`` says where a source really lies."""
    return [
        {
            "HostPath": resolve(mount.source or ""),
            "ContainerPath": mount.destination,
            "ReadOnly": _is_read_only(mount),
            "BandwidthMaximum": 0,
            "IOPSMaximum": 0,
        }
        for mount in mounts
        if not is_pipe(mount.source or "")
    ]


def mapped_pipes(mounts: Iterable[Mount]) -> list[dict[str, str]]:
    """Describe the pipes among ``mounts``; inside they go by their bare names."""
    return [
        {"HostPath": mount.source, "ContainerPipeName": _pipe_name(mount.destination)}
        for mount in mounts
        if mount.source is not None and is_pipe(mount.source)
    ]


def _pipe_name(path: str) -> str:
    return path[len(_PIPES) :] if is_pipe(path) else path


def _is_read_only(mount: Mount) -> bool:
    return any(option.lower() == "ro" for option in mount.options or ())
