"""The terminal that a runtime sends to a socket."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import termios

__all__ = ["Console"]

_PATIENCE = 1.0


class Console:
    """A console socket, and what came from it.

    The terminal gets its size the moment it comes: some runtimes leave that for later, and the
    process may ask for it at once.
    """

    def __init__(self, path: str, size: list[int]) -> None:
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(path)
        self._listening.listen(1)
        self._listening.settimeout(_PATIENCE)
        self._size = size
        #: The terminal's master, once it is here.
        self.master = -1

    def fileno(self) -> int:
        """The descriptor that is readable when a runtime calls."""
        return self._listening.fileno()

    def receive(self) -> None:
        """Take what is sent; a caller that sends nothing has failed, and says so itself."""
        connection, _ = self._listening.accept()
        with connection:
            connection.settimeout(_PATIENCE)
            descriptors = socket.recv_fds(connection, 4096, 1)[1]
        if descriptors:
            self.master = descriptors[0]
            width, height = self._size
            window = struct.pack("HHHH", height, width, 0, 0)
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, window)

    def take(self) -> list[int]:
        """Hand out the terminal; OSError if none came."""
        if self.master < 0:
            self.receive()
        self._listening.close()
        if self.master < 0:
            raise OSError(5, "the runtime sent no terminal")
        return [self.master]

    def close(self) -> None:
        """Close the terminal here: it was handed out."""
        os.close(self.master)
