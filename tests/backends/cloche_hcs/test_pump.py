"""Notifications reach who subscribed, each once and in order, and nobody else."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloche_hcs import pump, vmcompute
from cloche_hcs.hresult import HResult
from cloche_hcs.notification import Notification, NotificationType
from cloche_hcs.vmcompute import SystemHandle

CRASH_REPORT = NotificationType.SYSTEM_CRASH_REPORT


class Listener:
    """A compute system whose notifications are kept in a queue."""

    def __init__(self, id: str, deliver: Callable[[Notification], None] | None = None) -> None:
        self.heard: queue.Queue[Notification] = queue.Queue()
        self.key = pump.subscribe(deliver or self.heard.put)
        self.system = vmcompute.HcsCreateComputeSystem(id, "{}").value
        registered = vmcompute.HcsRegisterComputeSystemCallback(self.system, self.key)
        assert registered.code == HResult.S_OK
        self._callback = registered.value

    def next(self) -> Notification:
        return self.heard.get(timeout=10)

    def unregister(self) -> None:
        assert vmcompute.HcsUnregisterComputeSystemCallback(self._callback) == HResult.S_OK

    def close(self) -> None:
        self.unregister()
        pump.unsubscribe(self.key)
        assert vmcompute.HcsCloseComputeSystem(self.system) == HResult.S_OK


@pytest.fixture
def listen(service: Any) -> Iterator[Callable[..., Listener]]:
    """Makes compute systems that are listened to; what the making tells has been heard."""
    service.begin("default\tHcsCreateComputeSystem\t0x0", "pace\t0")
    made: list[Listener] = []

    def listen(id: str, deliver: Callable[[Notification], None] | None = None) -> Listener:
        made.append(Listener(id, deliver))
        return made[-1]

    yield listen
    for listener in made:
        listener.close()
    counts = service.counts()
    assert (counts.callbacks, counts.systems, counts.strings) == (0, 0, 0)


def test_a_notification_has_type_status_and_data(service, listen) -> None:
    box = listen("box")
    document = '{"Report": "gr\u00fc\u00df\u00df \U0001f600"}'
    service.notify("box", CRASH_REPORT, 0xC0370106, document)
    assert box.next() == Notification(CRASH_REPORT, 0xC0370106, document)


def test_no_data_is_none_and_empty_data_is_empty(service, listen) -> None:
    box = listen("box")
    service.notify("box", CRASH_REPORT, 0, None)
    service.notify("box", CRASH_REPORT, 0, "")
    assert [box.next().data, box.next().data] == [None, ""]


def test_types_that_nobody_knows_are_told_as_they_are(service, listen) -> None:
    box = listen("box")
    service.notify("box", 0x02000077, 0, None)
    assert box.next().type == 0x02000077


def test_everybody_hears_what_is_theirs(service, listen) -> None:
    boxes = {f"box{number}": listen(f"box{number}") for number in range(20)}
    for status, name in enumerate(boxes):
        service.notify(name, CRASH_REPORT, status, name)
    for status, (name, box) in enumerate(boxes.items()):
        assert box.next() == Notification(CRASH_REPORT, status, name)
        assert box.heard.empty()


def test_all_is_delivered_on_one_thread_that_is_the_pumps(service, listen) -> None:
    threads: queue.Queue[tuple[int, bool]] = queue.Queue()

    def deliver(_notification: Notification) -> None:
        threads.put((threading.get_ident(), pump.on_pump_thread()))

    for name in ("one", "other"):
        listen(name, deliver)
        service.notify(name, CRASH_REPORT, 0, None)
    seen = {threads.get(timeout=10) for _ in range(2)}
    assert len(seen) == 1
    assert seen.pop()[1]
    assert not pump.on_pump_thread()


def test_of_many_from_many_threads_none_is_lost_or_doubled(service, listen) -> None:
    box = listen("box")

    def tell(base: int) -> None:
        for status in range(base, base + 500):
            service.notify("box", CRASH_REPORT, status, str(status))

    threads = [threading.Thread(target=tell, args=(1000 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    heard = [box.next() for _ in range(8 * 500)]
    for thread in threads:
        thread.join(30)
    expected = {status for n in range(8) for status in range(1000 * n, 1000 * n + 500)}
    assert {notification.status for notification in heard} == expected
    assert all(notification.data == str(notification.status) for notification in heard)
    assert box.heard.empty()


def test_keys_are_never_used_again() -> None:
    keys = []
    for _ in range(10):
        keys.append(pump.subscribe(print))
        pump.unsubscribe(keys[-1])
    assert keys == list(range(keys[0], keys[0] + 10))


def test_what_comes_for_no_subscriber_is_dropped(service, listen) -> None:
    silent, box = listen("silent"), listen("box")
    pump.unsubscribe(silent.key)
    pump.unsubscribe(silent.key)
    service.notify("silent", CRASH_REPORT, 1, None)
    service.notify("box", CRASH_REPORT, 2, None)
    assert box.next().status == 2
    assert silent.heard.empty()


def test_a_failing_subscriber_harms_no_other(service, listen, monkeypatch) -> None:
    failures: queue.Queue[threading.ExceptHookArgs] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", failures.put)

    def fail(_notification: Notification) -> None:
        raise RuntimeError("of this subscriber")

    listen("bad", fail)
    box = listen("box")
    service.notify("bad", CRASH_REPORT, 1, None)
    service.notify("box", CRASH_REPORT, 2, None)
    assert str(failures.get(timeout=10).exc_value) == "of this subscriber"
    assert box.next().status == 2


def test_a_delivery_that_blocks_does_not_keep_others_from_unregistering(service, listen) -> None:
    """The service's threads only post: none of them waits for a delivery."""
    go, arrived = threading.Event(), threading.Event()

    def block(_notification: Notification) -> None:
        arrived.set()
        assert go.wait(30)

    box = listen("box", block)
    service.notify("box", CRASH_REPORT, 1, None)
    assert arrived.wait(10)
    thread = threading.Thread(target=box.unregister)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    go.set()
    registered = vmcompute.HcsRegisterComputeSystemCallback(box.system, box.key)
    box._callback = registered.value


def test_a_closed_gate_lets_nothing_in_and_opens_again(service, listen) -> None:
    box = listen("box")
    pump._stop()
    service.notify("box", CRASH_REPORT, 1, None)
    while not service.notified():
        time.sleep(0.005)
    time.sleep(0.1)  # it is recorded just before it is told
    other = listen("other")
    service.notify("other", CRASH_REPORT, 2, None)
    service.notify("box", CRASH_REPORT, 3, None)
    assert other.next().status == 2
    assert box.next().status == 3


def test_a_wrong_handle_registers_nothing(listen) -> None:
    listen("box")
    registered = vmcompute.HcsRegisterComputeSystemCallback(SystemHandle(3), 0)
    assert (registered.code, registered.value) == (HResult.ERROR_INVALID_HANDLE, 0)
