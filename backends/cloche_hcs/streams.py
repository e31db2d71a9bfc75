"""Which pipes a process needs, by what its streams are to be connected with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloche.stdio import Streams

__all__ = ["pipes_for"]


def pipes_for(streams: Streams) -> tuple[bool, bool, bool]:
    """Say for stdin, stdout and stderr whether the service shall make a pipe.

    A terminal has one way out. Raises OSError for an end that is no open descriptor: what comes
    out of the pipe would go nowhere.
    """
    for end in streams.ends:
        if isinstance(end, int):
            os.fstat(end)
    stdin, stdout, stderr = streams.wanted
    return stdin, stdout, stderr and streams.terminal is None
