"""Whatever is given out and not given back is counted: each kind is planted once."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import pytest
from service import rules
from service.client import PIPES, Client, free_string, within
from service.control import Service


@pytest.fixture(scope="module", autouse=True)
def _descriptors_are_closed() -> None:
    """What is not given back is what these tests are about; the service has it."""


@pytest.fixture
def client(service: Service, tmp_path: Path):
    """A client with a process that runs, with all its streams."""
    client = Client(service, tmp_path)
    service.begin(rules.process(mode="run"))
    client.create()
    client.start()
    client.wait_for(2)
    client.execute("x", **PIPES)
    yield client
    client.let_go()


def play(client: Client, function: str, **given: object) -> str:
    return client.play({"fn": function, "args": given, "out": {}})[0]


def test_all_is_outstanding_until_it_is_given_back(client):
    held = {"systems": 1, "processes": 1, "callbacks": 2, "stdio": 3}
    assert client.service.outstanding() == held
    client.let_go()
    assert client.service.outstanding() == {}


@pytest.mark.parametrize(
    ("kind", "function", "argument", "name"),
    [
        ("systems", "HcsCloseComputeSystem", "computeSystem", "box"),
        ("processes", "HcsCloseProcess", "process", "process"),
        ("callbacks", "HcsUnregisterProcessCallback", "callbackHandle", "callback of process"),
    ],
)
def test_a_handle_that_is_not_given_back_is_counted(client, kind, function, argument, name):
    handle = client.handles.pop(name)
    client.let_go()
    assert client.service.outstanding() == {kind: 1}
    client.handles = {name: handle}
    assert play(client, function, **{argument: name}) == "0x00000000"
    assert client.service.outstanding() == {}


def test_a_string_that_is_not_freed_is_counted(client):
    kept: list[int] = []
    client.free = kept.append
    play(client, "HcsEnumerateComputeSystems", query="")
    assert client.service.counts().strings == 1
    free_string(client.service)(kept[0])
    assert client.service.counts().strings == 0
    client.free = free_string(client.service)


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are Linux'")
def test_a_duplicate_of_a_stream_is_counted(client):
    duplicate = os.dup(client.ends()[1])
    client.close_ends()
    assert client.service.counts().stdio == 1
    os.close(duplicate)
    assert client.service.counts().stdio == 0


def test_a_mounted_layer_is_counted(client, tmp_path):
    (tmp_path / "layers").mkdir()
    layer = {"info": {"Flavour": 1, "HomeDir": "C:\\oracle\\layers"}, "id": "c1"}
    play(client, "CreateSandboxLayer", **layer, parent="base", descriptors=[])
    play(client, "ActivateLayer", **layer)
    play(client, "PrepareLayer", **layer, descriptors=[])
    counts = client.service.counts()
    assert (counts.activated, counts.prepared) == (1, 1)
    play(client, "DestroyLayer", **layer)
    assert (tmp_path / "layers" / "c1").is_dir()
    assert any("while mounted" in each for each in client.service.counts().misuses)
    play(client, "UnprepareLayer", **layer)
    play(client, "DeactivateLayer", **layer)
    assert (client.service.counts().activated, client.service.counts().prepared) == (0, 0)


def test_to_unregister_on_the_callbacks_own_thread_is_a_misuse(client):
    """The real service waits for the callback, so that it would wait for itself for ever."""
    handle = ctypes.c_size_t(client.handles["callback of box"])
    unregister = client.service.library.HcsUnregisterComputeSystemCallback
    client.on_notification = lambda: unregister(handle)
    client.service.notify("box", 6)
    assert within(5, lambda: bool(client.service.counts().misuses))
    client.on_notification = None


def test_to_begin_anew_is_to_owe_nothing(client):
    client.service.begin()
    assert client.service.outstanding() == {}
    client.handles.clear()
