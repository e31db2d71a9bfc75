"""Processes of a container as the runtime contract has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import ClocheError, NotSupported
from cloche.exit import Exit
from cloche.runtime import RuntimeProcess
from cloche_hcs.signals import event_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloche_hcs.process import ComputeProcess

__all__ = ["HcsProcess", "close_quietly"]

_SIGKILL = 9


class HcsProcess(RuntimeProcess):
    """A process, perhaps from before there is one: then only its ending can be waited for.

    An idle container has no first process at all: its ending is that of the container.
    """

    def __init__(self, id: str, exit: Exit | None = None) -> None:
        self.id = id
        self.pid: int | None = None
        self.exit = Exit() if exit is None else exit
        self.pipes = None
        self._process: ComputeProcess | None = None
        self._terminal = False

    @classmethod
    def of(cls, id: str, process: ComputeProcess, *, terminal: bool = False) -> HcsProcess:
        """Make one of a process that is there."""
        made = cls(id, process.exit)
        made.become(process, terminal=terminal)
        return made

    def become(self, process: ComputeProcess, *, terminal: bool = False) -> None:
        """Be this process from now on, whose ending must be settled by somebody."""
        self.pid = process.pid
        self.pipes = process.hand_over()
        self._process = process
        self._terminal = terminal

    @property
    def exists(self) -> bool:
        """Whether there is a process, or was one."""
        return self._process is not None

    @property
    def info(self) -> Mapping[str, object]:
        """The pid: Windows may give it to another process of the container afterwards."""
        return {} if self.pid is None else {"pid": self.pid}

    def kill(self, signal: int) -> None:
        """SIGKILL ends it; TERM, INT, QUIT and HUP are console events, all others NotSupported.

        Where there is no process nothing is done.
        """
        if self._process is None:
            return
        if signal == _SIGKILL:
            self._process.terminate()
            return
        event = event_of(signal)
        if event is None:
            raise NotSupported(
                f"Windows has nothing like signal {signal}",
                hint="there are KILL, TERM, INT, QUIT and HUP",
                operation="kill",
                backend="hcs",
            )
        self._process.signal(event)

    def resize(self, width: int, height: int) -> None:
        """Tell the console its size."""
        if self._process is None or not self._terminal:
            raise NotSupported("the process has no terminal", operation="resize", backend="hcs")
        self._process.resize(width, height)

    def close_stdin(self) -> None:
        """Tell the service, pipe or no pipe."""
        if self._process is not None:
            self._process.close_stdin()

    def close(self) -> None:
        """Release the handle."""
        if self._process is not None:
            close_quietly(self._process.close)
        self.exit.close()


def close_quietly(close: Callable[[], object]) -> None:
    """Release handles where nobody can do anything about what goes wrong."""
    try:
        close()
    except ClocheError:
        return
