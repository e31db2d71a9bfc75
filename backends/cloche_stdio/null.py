"""Nothing comes in, and what goes out is lost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.stdio import StdioDriver
from cloche_stdio.streams import Opened, open_streams

if TYPE_CHECKING:
    from cloche.stdio import StdioRequest, Streams, StreamTarget


class NullDriver(StdioDriver):
    """Opens the null device."""

    def open(self, request: StdioRequest) -> Streams:
        """Open it to read from for stdin, to write to for the others."""
        return open_streams(request, _open)


def _open(number: int, _target: StreamTarget) -> Opened:
    return Opened(os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY))
