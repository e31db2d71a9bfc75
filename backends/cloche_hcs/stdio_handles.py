"""The local ends of a process's pipes: HANDLEs on Windows, descriptors where there are none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cloche.stdio import Pipes

if TYPE_CHECKING:
    from cloche_hcs.vmcompute import CreatedProcess, ProcessInformation

__all__ = ["close_ends", "ends_of"]


def ends_of(made: CreatedProcess | ProcessInformation, *, terminal: bool = False) -> Pipes | None:
    """The ends that the service gave; None if it gave none."""
    if made.stdin is made.stdout is made.stderr is None:
        return None
    return Pipes(made.stdin, made.stdout, made.stderr, terminal)


def close_ends(pipes: Pipes | None) -> None:
    """Close every end there is; one that can't be closed keeps no other open."""
    if pipes is None:
        return
    for end in {pipes.stdin, pipes.stdout, pipes.stderr} - {None}:
        assert end is not None
        _close(end)


def _close(end: int) -> None:
    try:
        if sys.platform == "win32":
            from _winapi import CloseHandle

            CloseHandle(end)
        else:
            import os

            os.close(end)
    except OSError:  # the service gave a handle that is none: there is nothing to close
        return
