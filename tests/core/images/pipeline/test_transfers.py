"""A few blobs at once, in order, each once; and an end to all when one fails."""

from __future__ import annotations

import threading
import time

import pytest

from cloche import Unavailable
from cloche.images import Descriptor
from cloche.images.transfers import Transfers


def blobs(count: int) -> list[Descriptor]:
    return [Descriptor(media_type="a/b", digest=f"sha256:{n:064x}", size=n) for n in range(count)]


def workers() -> int:
    return sum(thread.name == "cloche-transfer" for thread in threading.enumerate())


def test_no_more_than_three_at_once_and_each_once():
    at_once, most, moved = 0, 0, []
    lock = threading.Lock()

    def move(blob):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
            moved.append(blob.digest)
        time.sleep(0.01)
        with lock:
            at_once -= 1

    wanted = blobs(9)
    with Transfers(move, [*wanted, *wanted]) as transfers:
        for blob in wanted:
            transfers.wait(blob.digest)
    assert most == 3
    assert moved == [blob.digest for blob in wanted]
    assert workers() == 0


def test_what_fails_is_told_to_who_waits_and_the_rest_stops():
    stopped = threading.Event()

    def move(blob):
        if blob.size == 0:
            raise Unavailable("no")
        try:
            while True:
                transfers.check()
                time.sleep(0.001)
        finally:
            stopped.set()

    transfers = Transfers(move, blobs(5))
    with pytest.raises(Unavailable, match="no"), transfers:
        transfers.wait(blobs(1)[0].digest)
    assert stopped.wait(5)
    assert workers() == 0


def test_nothing_to_move_takes_no_thread():
    with Transfers(lambda _: None, []):
        assert workers() == 0
