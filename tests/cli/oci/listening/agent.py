"""A program that answers the system calls a filter hands to it; run by itself.

``agent.py SOCKET ANSWERS`` listens at a path, writes down each state it is sent as a line of JSON,
and answers by the table ANSWERS: by the number of a call ``{"error": E}``, ``{"value": V}``, or
``"go on"``; the latter for all others, too. With ``"silent"`` instead of a table it answers
nothing.
"""

from __future__ import annotations

import array
import fcntl
import json
import socket
import struct
import sys
import threading
from typing import Any

# include/uapi/linux/seccomp.h: of x86-64 and aarch64
RECEIVE, SEND = 0xC0502100, 0xC0182101
#: Cookie, pid, flags; then number, architecture, instruction pointer and six arguments of the call.
NOTIFICATION = struct.Struct("=QIIiIQ6Q")
RESPONSE = struct.Struct("=QqiI")
GO_ON = 1


def answer_of(told: Any, call: int) -> tuple[int, int, int]:
    """Value, error and flags."""
    found = told.get(str(call), "go on")
    if found == "go on":
        return 0, 0, GO_ON
    return found.get("value", 0), -found.get("error", 0), 0


def serve(listener: int, answers: Any) -> None:
    while True:
        try:
            asked = fcntl.ioctl(listener, RECEIVE, bytes(NOTIFICATION.size))
            cookie, _, _, call, *_ = NOTIFICATION.unpack(asked)
            fcntl.ioctl(listener, SEND, RESPONSE.pack(cookie, *answer_of(answers, call)))
        except FileNotFoundError:
            continue  # it has ended meanwhile


def receive(connection: socket.socket) -> tuple[bytes, int]:
    """All that one connection brings: the state, and the one descriptor."""
    text, descriptors = b"", array.array("i")
    while True:
        part, attached, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(16))
        for _, _, data in attached:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
        if not part:
            (listener,) = descriptors
            return text, listener
        text += part


def main(path: str, answers: Any) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(path)
        listening.listen()
        print("ready", flush=True)
        while True:
            connection, _ = listening.accept()
            with connection:
                text, listener = receive(connection)
            print(text.decode(), flush=True)
            if answers != "silent":
                threading.Thread(target=serve, args=(listener, answers), daemon=True).start()


main(sys.argv[1], json.loads(sys.argv[2]))
