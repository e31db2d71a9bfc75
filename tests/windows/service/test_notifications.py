"""Notifications come as they are steered: in time, early, twice, late, in another order, never."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from service import rules
from service.client import Client, within
from service.control import Service

PENDING = 0xC0370103
EXITED, CREATED, STARTED, PAUSED, RESUMED = 1, 2, 3, 4, 5
DISCONNECT = 0x01000000


@pytest.fixture
def client(service: Service, tmp_path: Path):
    client = Client(service, tmp_path)
    yield client
    service.release()
    client.let_go()


def types(client: Client) -> list[int]:
    return [each for each, _ in client.notified]


def test_a_life_is_told_step_by_step(client):
    assert client.create() == PENDING
    assert client.told(CREATED)
    for verb, completion in (("Start", STARTED), ("Pause", PAUSED), ("Resume", RESUMED)):
        client.notified.clear()
        assert client.ask(verb) == PENDING
        assert client.told(completion)
    client.notified.clear()
    assert client.ask("Shutdown") == PENDING
    assert client.told(EXITED)


def test_an_early_one_comes_before_its_call_returns(service, client):
    service.begin(rules.notification("SystemStartCompleted", "early"))
    client.create()
    client.told(CREATED)
    client.start()
    assert types(client) == [CREATED, STARTED]


def test_a_usual_one_comes_after_its_call_has_returned(client):
    client.create()
    assert types(client) == []
    assert client.told(CREATED)


def test_a_doubled_one_comes_twice(service, client):
    service.begin(rules.notification("SystemCreateCompleted", "duplicate"))
    client.create()
    assert client.told(CREATED, CREATED)


def test_a_late_one_comes_late(service, client):
    service.begin(rules.notification("SystemCreateCompleted", "late", milliseconds=300))
    begin = time.monotonic()
    client.create()
    assert client.told(CREATED)
    assert time.monotonic() - begin > 0.29


def test_a_swallowed_one_never_comes_and_is_in_the_trace(service, client):
    service.begin(rules.notification("SystemCreateCompleted", "swallow"))
    client.create()
    assert within(5, lambda: any(note.swallowed for note in service.notified()))
    assert types(client) == []


def test_a_held_one_comes_when_it_is_released(service, client):
    service.begin(rules.notification("SystemCreateCompleted", "held"))
    client.create()
    assert within(5, lambda: service.counts().held == 1)
    assert types(client) == []
    service.release()
    assert client.told(CREATED)


def test_a_reordered_one_comes_after_the_next(service, client):
    service.begin(rules.notification("SystemCreateCompleted", "reordered"))
    client.create()
    client.start()
    assert client.told(STARTED, CREATED)


def test_a_status_is_what_was_asked_for(service, client):
    service.begin(rules.notification("SystemCreateCompleted", 0xC0370106))
    client.create()
    assert client.told(CREATED)
    assert [note.status for note in service.notified()] == [0xC0370106]


def test_a_lost_service_tells_everybody_and_answers_nobody(service, client):
    client.create()
    client.told(CREATED)
    client.notified.clear()
    service.lose()
    assert client.told(DISCONNECT)
    assert client.start() == 0x800706BA
    service.restore()
    assert client.start() == 0x80070006


def test_a_call_may_lose_the_service(service, client):
    service.begin(rules.disconnect("HcsStartComputeSystem"))
    client.create()
    client.told(CREATED)
    assert client.start() == 0x800706BE


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_call_that_hangs_returns_when_it_is_released(service, client, moment):
    service.begin(rules.hang("HcsStartComputeSystem", moment=moment))
    client.create()
    client.told(CREATED)
    codes: list[int] = []
    other = Client(service, client.root)
    other.handles = client.handles
    thread = threading.Thread(target=lambda: codes.append(other.start()))
    thread.start()
    assert within(5, lambda: service.counts().hanging == 1)
    assert (codes, "HcsStartComputeSystem" in service.functions()) == ([], moment == "after")
    service.release()
    thread.join(5)
    assert codes == [PENDING]


def test_without_a_pace_nothing_is_waited_for(service, client):
    service.begin(rules.NO_DELAYS)
    begin = time.monotonic()
    for number in range(20):
        client.notified.clear()
        client.create(f"box{number}")
        assert client.told(CREATED)
    assert time.monotonic() - begin < 20 * 0.02


def test_the_end_of_the_last_handle_may_be_the_end_of_the_system(service, client):
    client.create(document='{"TerminateOnLastHandleClosed": true}')
    client.create("other")
    client.let_go()
    client.handles.clear()
    assert within(5, lambda: service.counts().living == 1)
