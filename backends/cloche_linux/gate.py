"""Where a container that outlives its maker waits for its start: a socket in its directory.

Only the waiting helper listens at it, so whether somebody can be reached there says whether the
container still waits, whatever became of everybody else. The container never sees it: its end is
closed before anything of the container's runs, and the directory is its owner's alone.
"""

from __future__ import annotations

import os
from _socket import AF_UNIX, SOCK_SEQPACKET, socket  # what is around it takes longer to import
from contextlib import closing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from cloche_linux.child import Deliver

__all__ = ["Gate"]

_NAME = "start"


class Gate:
    """The socket of one container."""

    __slots__ = ("_state",)

    def __init__(self, state: Path | str) -> None:
        self._state = str(state)

    def listen(self) -> int:
        """Make the socket; its descriptor, which is for the helper, is the caller's to close."""
        with closing(socket(AF_UNIX, SOCK_SEQPACKET)) as listening:
            self.remove()
            with _Directory(self._state) as place:
                listening.bind(place)
            listening.listen(1)
            return listening.detach()

    def knock(self) -> int | None:
        """Reach the helper that waits: the descriptor of a connection, or None if nobody does."""
        with closing(socket(AF_UNIX, SOCK_SEQPACKET)) as connection:
            try:
                with _Directory(self._state) as place:
                    connection.connect(place)
            except (FileNotFoundError, ConnectionRefusedError):
                return None
            return connection.detach()

    def start(
        self,
        pid: int,
        pidfd: int | None,
        timeout: float | None = None,
        deliver: Deliver | None = None,
    ) -> bool:
        """Let the helper go on to the workload; False if nobody waits. ``pidfd`` is closed.

        Raises what its maker would be told: as ``Child.start``.
        """
        connection = self.knock()
        if connection is None or pidfd is None:
            for descriptor in (connection, pidfd):
                if descriptor is not None:
                    os.close(descriptor)
            return False
        from cloche_linux.child import Child

        with Child(pid, pidfd, connection) as waiting:
            waiting.leave_end()
            waiting.start(timeout, deliver)
        self.remove()
        return True

    def dismiss(self) -> None:
        """Tell a helper that waits to end, whose maker could not even note which one it is."""
        connection = self.knock()
        if connection is not None:
            from cloche_linux._native import lib
            from cloche_linux.protocol import Message

            lib.cloche_send(connection, Message.GIVE_UP)
            os.close(connection)

    def waits(self) -> bool:
        """Say whether the container still waits."""
        connection = self.knock()
        if connection is not None:
            os.close(connection)
        return connection is not None

    def remove(self) -> None:
        """Take the socket's name away; repeatable."""
        try:
            os.unlink(f"{self._state}/{_NAME}")
        except FileNotFoundError:
            return


class _Directory:
    """The socket's name by its directory's descriptor: names of sockets are 107 bytes at most."""

    __slots__ = ("_descriptor", "_path")

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> str:
        self._descriptor = os.open(self._path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._descriptor}/{_NAME}"

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
