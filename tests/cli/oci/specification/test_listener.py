"""The listener of a filter: what it is given, once, by its socket."""

from __future__ import annotations

import array
import json
import os
import socket
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest

from .changes import Change, linux
from .test_required import RULE


class Given(NamedTuple):
    """What came by one connection, till its end."""

    text: str
    descriptors: list[str]
    #: How many messages brought descriptors, and whether it was the first.
    with_descriptors: list[int]


class Listener(Thread):
    """Takes one connection after the other, and notes what it brings."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.given: list[Given] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._socket.listen()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.given.append(_read(connection))

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.join()


def _read(connection: socket.socket) -> Given:
    text, descriptors, bringing, number = b"", [], [], 0
    size = socket.CMSG_SPACE(4 * array.array("i").itemsize)
    while True:
        data, ancillary, *_ = connection.recvmsg(65536, size)
        if not data:
            return Given(text.decode(), descriptors, bringing)
        for _, _, words in ancillary:
            bringing.append(number)
            for descriptor in array.array("i", words[: len(words) // 4 * 4]):
                descriptors.append(os.readlink(f"/proc/self/fd/{descriptor}"))
                os.close(descriptor)
        text, number = text + data, number + 1


@pytest.fixture
def listener(tmp_path: Path):
    made = Listener(tmp_path / "listener")
    made.start()
    yield made
    made.close()


def asking(path: object, **more: object) -> Change:
    """Have a rule that asks, for a call that nobody makes."""
    rule = {**RULE, "names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}
    seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": str(path), "syscalls": [rule]}
    return linux(seccomp={**seccomp, **more})


def test_a_listener_is_given_its_descriptor_and_the_state_once(runtime, listener) -> None:
    change = asking(runtime.place / "listener", listenerMetadata="words")
    pid = runtime.create("sleep", "600", change=change)
    assert runtime("start", "box").code == 0
    runtime.wait_for(lambda: len(listener.given) > 0)
    (given,) = listener.given
    told: dict[str, Any] = json.loads(given.text)
    assert given.descriptors == ["anon_inode:seccomp notify"]
    assert given.with_descriptors == [0]
    assert told["fds"] == ["seccompFd"]
    assert told["metadata"] == "words"
    assert (told["pid"], told["state"]["pid"]) == (pid, pid)
    assert told["state"]["id"] == "box"
    assert told["state"]["status"] in ("creating", "created")  # its program has not begun
    assert told["state"]["bundle"] == str(runtime.place / "bundle-0")
    assert type(told["ociVersion"]) is type(told["state"]["ociVersion"]) is str


def test_a_listener_that_is_not_there_is_an_error(runtime) -> None:
    made = runtime("create", "--bundle", runtime.bundle(change=asking("/no/such")), "box")
    assert made.code != 0 or runtime("start", "box").code != 0


def test_a_listener_that_nobody_asks_is_ignored(runtime) -> None:
    seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/no/such", "syscalls": [RULE]}
    assert runtime.accepts(linux(seccomp=seccomp))
