"""Calls over a real bus, and what becomes of them where nobody answers."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from cloche.errors import TimedOut, Unavailable
from cloche_linux.systemd import client
from cloche_linux.systemd.bus import Bus, Refused
from cloche_linux.systemd.client import Manager

BUS, PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"


def test_a_call_is_answered(bus):
    connection = Bus(bus.address, patience=10)
    (names,) = connection.call(BUS, PATH, None, "ListNames")
    assert BUS in names
    (known,) = connection.call(BUS, PATH, None, "GetConnectionCredentials", "s", BUS)
    assert known["UnixUserID"] == ("u", os.geteuid())
    connection.close()


def test_an_error_is_told_by_its_name_and_its_words(bus):
    connection = Bus(bus.address, patience=10)
    with pytest.raises(Refused, match="Nothing") as caught:
        connection.call(BUS, PATH, None, "Nothing")
    assert caught.value.name == "org.freedesktop.DBus.Error.UnknownMethod"
    assert connection.call(BUS, PATH, None, "GetId") != []
    connection.close()


def test_signals_that_come_before_an_answer_are_kept(bus):
    connection = Bus(bus.address, patience=10)
    connection.listen(f"type='signal',interface='{BUS}',member='NameOwnerChanged'")
    connection.call(BUS, PATH, None, "RequestName", "su", "org.example.Cloche", 0)
    connection.call(BUS, PATH, None, "GetId")
    found = connection.wait(lambda one: one.member == "NameOwnerChanged")
    assert found.body[0] == "org.example.Cloche"
    connection.close()


def test_a_bus_that_stands_still_is_not_waited_for(bus):
    connection = Bus(bus.address, patience=0.3)
    bus.daemon.send_signal(signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        connection.call(BUS, PATH, None, "GetId")
    connection.close()


def test_a_bus_that_ends_is_told(bus):
    connection = Bus(bus.address, patience=10)
    bus.daemon.kill()
    with pytest.raises(OSError):
        connection.call(BUS, PATH, None, "GetId")
    connection.close()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a user manager's bus is looked for."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def test_without_a_manager_the_remedy_is_named(place):
    with pytest.raises(Unavailable) as caught, Manager.open(user=True):
        pass
    assert str(caught.value) == "no user manager of systemd's runs here"
    assert caught.value.remedy == "use --cgroup-manager cgroupfs"


def test_a_bus_without_systemd_is_told(bus, place):
    with Manager.open(user=True) as manager, pytest.raises(Unavailable, match="no systemd at"):
        manager.read("Version")


def test_a_socket_that_is_left_over_is_told(place):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place / "bus"))
    refused = pytest.raises(Unavailable, match=r"can't be reached \(Connection refused\)")
    with refused, Manager.open(user=True):
        pass


def test_who_hangs_is_named_with_the_remedy(bus, place, monkeypatch):
    monkeypatch.setattr(client, "PATIENCE", 0.3)
    bus.daemon.send_signal(signal.SIGSTOP)
    with pytest.raises(TimedOut, match="did not answer") as caught, Manager.open(user=True):
        pass
    assert "cgroupfs" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "answer",
    [
        b"REJECTED EXTERNAL\r\nERROR\r\n",
        b"DATA\r\nOK 1\r\nl\2\1\1\0\0\0\0\1\0\0\0\3\0\0\0garbage and more of it",
        b"DATA\r\nOK 1\r\nl\2\1\1\xff\xff\xff\xff\1\0\0\0\xff\xff\xff\xff",
    ],
)
def test_what_is_no_bus_is_refused(place, answer):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place / "bus"))
        listening.listen()
        thread = threading.Thread(target=_answer, args=(listening, answer))
        thread.start()
        with pytest.raises(Unavailable, match="can't be reached"), Manager.open(user=True):
            pass
        thread.join()


def _answer(listening: socket.socket, answer: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.sendall(answer)
        while connection.recv(4096):
            pass
