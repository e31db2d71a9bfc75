"""Terminals that the runtime makes and hands out as two pipes: the caller gets both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import NotSupported
from cloche.stdio import StdioDriver
from cloche_stdio.relayed import open_pipes

if TYPE_CHECKING:
    from cloche.stdio import StdioRequest, Streams

__all__ = ["ConsoleDriver"]


class ConsoleDriver(StdioDriver):
    """Relays between the caller and a console that is not of this machine.

    It knows nothing of what goes through it: whoever has the console sets its size and its modes.
    """

    def open(self, request: StdioRequest) -> Streams:
        """Make the caller's pipes: what is typed, and what is shown."""
        if request.terminal is None:
            raise NotSupported(
                "the driver console is for terminals", backend="console", operation="open"
            )
        return open_pipes(request)
