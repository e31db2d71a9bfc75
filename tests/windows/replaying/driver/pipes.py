r"""The far ends of a scenario's named pipes: they feed what is read, and keep what is written."""

from __future__ import annotations

import _winapi
import threading
import time
from typing import Any

__all__ = ["FarEnd"]

#: PIPE_ACCESS_DUPLEX, FILE_FLAG_OVERLAPPED, FILE_FLAG_FIRST_PIPE_INSTANCE.
MODE = 0x3 | 0x4000_0000 | 0x0008_0000
SIZE = 65536
#: ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED: whoever dialled has gone.
GONE = (109, 232, 233)


class FarEnd:
    """One named pipe, waiting to be dialled. ``feed`` None: it reads what comes."""

    def __init__(self, path: str, feed: str | None, *, hold: bool) -> None:
        self._feed = None if feed is None else feed.encode()
        self._hold = hold
        self._data = b""
        self._connected = self._closed = False
        self._handle = _winapi.CreateNamedPipe(path, MODE, 0, 1, SIZE, SIZE, 0, 0)
        threading.Thread(target=self._serve, daemon=True).start()

    def told(self) -> dict[str, Any]:
        """What has become of it until now."""
        told: dict[str, Any] = {"connected": self._connected}
        if self._feed is None:
            told |= {"closed": self._closed, "data": self._data.decode(errors="replace")}
        return told

    @property
    def done(self) -> bool:
        """Whether nothing more will come of it."""
        return self._closed if self._feed is None else self._connected

    def wait(self, deadline: float) -> None:
        """Wait until nothing more will come, for so long at most."""
        while not self.done and time.monotonic() < deadline:
            time.sleep(0.005)

    def _serve(self) -> None:
        waiting = _winapi.ConnectNamedPipe(self._handle, overlapped=True)
        waiting.GetOverlappedResult(True)
        self._connected = True
        try:
            self._write() if self._feed is not None else self._read()
        except OSError as error:
            if error.winerror not in GONE:
                raise
        if not self._hold:
            _winapi.CloseHandle(self._handle)
        self._closed = True

    def _write(self) -> None:
        assert self._feed is not None
        writing, _ = _winapi.WriteFile(self._handle, self._feed, overlapped=True)
        writing.GetOverlappedResult(True)

    def _read(self) -> None:
        while True:
            reading, _ = _winapi.ReadFile(self._handle, SIZE, overlapped=True)
            reading.GetOverlappedResult(True)
            self._data += reading.getbuffer() or b""
