"""A container that `cloche-oci` has told to start before Python began, and that could not.

The launcher in C understands that all went well, and nothing else. Any other answer it leaves where
it is, and names to Python, by a variable, the connection that it comes by and the process; so the
answer is read, and told, as if the question had been asked here.
"""

from __future__ import annotations

import os

from cloche.runtime import State
from cloche_linux.container import LinuxContainer
from cloche_linux.gate import Gate
from cloche_linux.process import FoundProcess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["AnsweredContainer", "AnsweringGate", "take_answer"]


class AnsweredContainer(LinuxContainer):
    """It may have ended by now, and still its answer is to be heard."""

    __slots__ = ()

    def state(self) -> State:
        return State.CREATED


class AnsweringGate(Gate):
    """The connection that was made, which nobody else can make again."""

    __slots__ = ("_connection",)

    def __init__(self, state: Path | str, connection: int) -> None:
        super().__init__(state)
        self._connection = connection

    def knock(self) -> int | None:
        return os.dup(self._connection)


def take_answer(
    id: str, state: Path | str, identity: Mapping[str, object], named: str
) -> tuple[AnsweringGate, FoundProcess]:
    """The gate and the process by the descriptors that were ``named``: the connection's, its."""
    connection, pidfd = map(int, named.split(","))
    for descriptor in (connection, pidfd):
        os.set_inheritable(descriptor, False)
    return AnsweringGate(state, connection), FoundProcess(id, identity, pidfd)
