"""The caller's own streams, or any descriptor of the caller's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import Unavailable
from cloche.stdio import StdioDriver
from cloche_stdio.streams import Opened, open_streams

if TYPE_CHECKING:
    from cloche.stdio import StdioRequest, Streams, StreamTarget


class InheritDriver(StdioDriver):
    """Hands on descriptors of this process: by default its stdin, stdout and stderr."""

    def open(self, request: StdioRequest) -> Streams:
        """Duplicate the descriptors, so that the caller may close theirs."""
        return open_streams(request, _duplicate)


def _duplicate(number: int, target: StreamTarget) -> Opened:
    fd = target.argument if isinstance(target.argument, int) else number
    try:
        return Opened(os.dup(fd))
    except OSError as error:
        raise Unavailable(
            f"descriptor {fd} is not open in this process",
            remedy="give another descriptor, or DEVNULL",
            operation="open",
            backend="inherit",
        ) from error
