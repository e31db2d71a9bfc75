"""Streams that the relay joins to a runtime's own pipes: for drivers that open ends for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.pipes import close, duplicate
from cloche.stdio import Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from cloche.relay import Relay
    from cloche.stdio import Pipes, Size

__all__ = ["Near", "RelayedStreams"]

Near = tuple[int | None, int | None, int | None]


class RelayedStreams(Streams):
    """Streams whose ends are the relay's alone; the runtime makes pipes, and the caller has these.

    ``ends`` are what ``Relay.copy`` takes, by the number of their stream, and belong to this object
    from now. A stream that is not among them is none of its own.
    """

    def __init__(
        self,
        ends: Mapping[int, int],
        near: Near = (None, None, None),
        *,
        terminal: Size | None = None,
        merge_stderr: bool = False,
        info: Mapping[str, object] | None = None,
    ) -> None:
        self.near = near
        self.terminal = terminal
        self._info = info or {}
        self._held = dict(ends)
        self._merged = merge_stderr
        self._input: Future[None] | None = None
        self._outputs: list[Future[None]] = []

    @property
    def info(self) -> Mapping[str, object]:
        """Small JSON from which the driver finds the streams again, if it said any."""
        return self._info

    def connect(self, pipes: Pipes, relay: Callable[[], Relay]) -> None:
        """Relay between the runtime's pipes and our ends, which must not be released before."""
        if pipes.stdin is not None and 0 in self._held:
            self._input = relay().copy(duplicate(self._held[0]), pipes.stdin)
        for number, pipe in ((1, pipes.stdout), (2, pipes.stderr)):
            end = self._held.get(1 if self._merged else number)
            if pipe is not None and end is not None:
                self._outputs.append(relay().copy(pipe, duplicate(end)))

    def release_ends(self) -> None:
        """Close our ends; the relay has copies of its own."""
        held, self._held = self._held, {}
        for end in held.values():
            close(end)

    def drained(self) -> Future[None] | None:
        """Done when the relay has copied all output."""
        if not self._outputs:
            return None
        from cloche.relay import all_done

        return all_done(self._outputs)

    def close(self) -> None:
        """Release our ends and read no more input for the container."""
        self.release_ends()
        if self._input is not None:
            self._input.cancel()
