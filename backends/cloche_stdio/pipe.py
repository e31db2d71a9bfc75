"""Pipes, whose other ends the caller gets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.stdio import StdioDriver
from cloche_stdio.streams import Opened, open_streams

if TYPE_CHECKING:
    from cloche.stdio import StdioRequest, Streams, StreamTarget


class PipeDriver(StdioDriver):
    """Makes a pipe for each stream.

    Of the system's own size: larger ones were measured to be no faster, and are counted against
    the user's limit.
    """

    def open(self, request: StdioRequest) -> Streams:
        """Make the pipes; none of their ends is inherited by programs that this process starts."""
        if request.relayed:
            from cloche_stdio.relayed import open_pipes

            return open_pipes(request)
        return open_streams(request, _open)


def _open(number: int, _target: StreamTarget) -> Opened:
    reading, writing = os.pipe()
    return Opened(reading, near=writing) if number == 0 else Opened(writing, near=reading)
