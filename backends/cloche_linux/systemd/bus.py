"""A connection to a bus, or straight to systemd: calls, their answers, and signals meanwhile.

Source: the D-Bus specification, "Message Protocol" and "Authentication Protocol"; systemd's
sd-bus(3) for the sockets that need no bus in between.
"""

from __future__ import annotations

import struct
import time
from errno import EACCES
from typing import TYPE_CHECKING, NamedTuple, cast

from cloche_linux.systemd.marshalling import Reader, Writer

if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable, Sequence

__all__ = ["Bus", "Refused", "Signal"]

_CALL, _ANSWER, _ERROR, _SIGNAL = 1, 2, 3, 4
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_TO, _DESTINATION, _SIGNATURE = 1, 2, 3, 4, 5, 6, 8
_FIELDS = {_PATH: "o", _INTERFACE: "s", _MEMBER: "s", _DESTINATION: "s", _SIGNATURE: "g"}
_FIXED = struct.Struct("<BBBBIII")
#: The specification's own limit.
_LARGEST = 1 << 27
_CHUNK = 1 << 16
#: Who calls is known by the socket's credentials, whatever ids there are in between.
_GREETING = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"


class Refused(Exception):
    """The other side answered with an error: its name and its own words."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message or name)
        self.name = name


class Signal(NamedTuple):
    """Something that was told to whoever listens."""

    member: str
    body: Sequence[object]


class _Message(NamedTuple):
    kind: int
    fields: dict[int, object]
    body: list[object]


class Bus:
    """One connection; for one thread at a time. ``direct``: systemd itself is at the other end."""

    def __init__(self, address: str, *, patience: float, direct: bool = False) -> None:
        """Connect and say who we are.

        Raises OSError if nobody listens there or we are not let in, TimeoutError after ``patience``
        seconds (of this, and of each call that follows) without an answer.
        """
        from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM, socket

        self._patience = patience
        self._direct = direct
        self._socket: socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)
        self._serial = 0
        self._data = b""
        self._signals: list[Signal] = []
        try:
            deadline = time.monotonic() + patience
            self._limit(deadline)
            self._socket.connect(address)
            self._greet(deadline)
            if not direct:
                self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", None, "Hello")
        except BaseException:
            self.close()
            raise

    def call(
        self,
        destination: str,
        path: str,
        interface: str | None,
        member: str,
        signature: str = "",
        *values: object,
    ) -> Sequence[object]:
        """Call a method and wait for its answer; ``interface`` None: the destination's namesake.

        Raises Refused, TimeoutError, or OSError if the connection is lost.
        """
        self._serial += 1
        fields = {
            _PATH: path,
            _INTERFACE: interface or destination,
            _MEMBER: member,
            **({} if self._direct else {_DESTINATION: destination}),
            **({_SIGNATURE: signature} if signature else {}),
        }
        deadline = time.monotonic() + self._patience
        self._send(_encode(self._serial, fields, signature, values), deadline)
        return self._answer(self._serial, deadline)

    def listen(self, rule: str) -> None:
        """Ask the bus for signals, by its rules for matches; systemd itself sends all there are."""
        if not self._direct:
            service, path = "org.freedesktop.DBus", "/org/freedesktop/DBus"
            self.call(service, path, None, "AddMatch", "s", rule)

    def wait(self, wanted: Callable[[Signal], bool]) -> Signal:
        """Wait for a signal, or find it among those that came meanwhile. TimeoutError, OSError."""
        deadline = time.monotonic() + self._patience
        while True:
            for signal in self._signals:
                if wanted(signal):
                    self._signals.remove(signal)
                    return signal
            self._keep(self._next(deadline))

    def close(self) -> None:
        """Give the connection up; repeatable."""
        self._socket.close()

    def _greet(self, deadline: float) -> None:
        """The answers are one line for each of ours; messages may follow at once."""
        self._send(_GREETING, deadline)
        while self._data.count(b"\r\n") < 2:
            self._receive(deadline)
        first, second, self._data = self._data.split(b"\r\n", 2)
        if not first.startswith(b"DATA") or not second.startswith(b"OK "):
            raise PermissionError(EACCES, "the bus does not let us in")

    def _answer(self, serial: int, deadline: float) -> Sequence[object]:
        while True:
            message = self._next(deadline)
            if message.fields.get(_REPLY_TO) != serial:
                self._keep(message)
            elif message.kind == _ERROR:
                words = message.body[0] if message.body else ""
                raise Refused(str(message.fields.get(_ERROR_NAME)), str(words))
            else:
                return message.body

    def _keep(self, message: _Message) -> None:
        if message.kind == _SIGNAL:
            self._signals.append(Signal(str(message.fields.get(_MEMBER)), message.body))

    def _next(self, deadline: float) -> _Message:
        while (size := _size(self._data)) is None or len(self._data) < size:
            self._receive(deadline)
        data, self._data = self._data[:size], self._data[size:]
        try:
            return _decode(data)
        except (ValueError, LookupError) as error:
            raise ConnectionError(f"what came over the bus is no message: {error}") from error

    def _send(self, data: bytes, deadline: float) -> None:
        self._limit(deadline)
        self._socket.sendall(data)

    def _receive(self, deadline: float) -> None:
        self._limit(deadline)
        data = self._socket.recv(_CHUNK)
        if not data:
            raise ConnectionResetError("the bus has closed the connection")
        self._data += data

    def _limit(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer")
        self._socket.settimeout(left)


def _encode(serial: int, fields: dict[int, str], signature: str, values: Sequence[object]) -> bytes:
    body = Writer()
    body.values(signature, values)
    head = Writer()
    head.data += struct.pack("<BBBBII", ord("l"), _CALL, 0, 1, len(body.data), serial)
    head.value("a(yv)", [(code, (_FIELDS[code], text)) for code, text in fields.items()])
    head.align(8)
    return bytes(head.data + body.data)


def _size(data: bytes) -> int | None:
    """The length of the message that begins here; None while that can't be told."""
    if len(data) < _FIXED.size:
        return None
    order = _order(data)
    body, _, fields = struct.unpack_from(f"{order}III", data, 4)
    size: int = _FIXED.size + fields + -fields % 8 + body
    if size > _LARGEST:
        raise ConnectionError("a message larger than any may be")
    return size


def _order(data: bytes) -> str:
    return "<" if data[:1] == b"l" else ">"


def _decode(data: bytes) -> _Message:
    order = _order(data)
    reader = Reader(data, order, place=12)
    found = cast("list[tuple[int, tuple[str, object]]]", reader.value("a(yv)"))
    fields = {code: value for code, (_, value) in found}
    reader.align(8)
    signature = fields.get(_SIGNATURE, "")
    body = Reader(data[reader.place :], order).values(cast("str", signature))
    return _Message(data[1], fields, body)
