"""What a container costs this process, beside what the service takes."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import pytest

_LIVES, _BATCH = 1000, 100
#: Seconds of processor time for one life: creation, start, wait, deletion. Wine's own come on top.
_LIFE = 0.01 if sys.platform == "win32" else 0.002
_WAITING = 500


@pytest.mark.slow
def test_a_life_costs_two_milliseconds_of_processor_time(bench: Any, unconnected: Any) -> None:
    """All included: the service of the tests, which lives in this process, and what it writes."""
    bench.service.begin("pace\t0", "proc\t*\texit\t\t\t0\t0")
    spent = []
    for batch in range(_LIVES // _BATCH):
        requests = [bench.request(f"c{batch}-{number}") for number in range(_BATCH)]
        before = time.process_time()
        for request in requests:
            _live(bench, unconnected, request)
        spent.append((time.process_time() - before) / _BATCH)
    assert min(spent) <= _LIFE


def test_waiting_containers_have_no_threads_of_their_own(bench: Any) -> None:
    bench.service.begin("pace\t0", "proc\t*\trun")
    before = threading.active_count()
    containers = [bench.start(bench.request(f"c{number}")) for number in range(_WAITING)]
    futures = [container.init.exit.future for container in containers]
    assert threading.active_count() - before < 20
    for container in containers:
        container.terminate()
    assert {future.result(30).exit_code for future in futures} == {137}


def _live(bench: Any, unconnected: Any, request: Any) -> None:
    bench.runtime.accepts(request)
    container = bench.runtime.create(request, bench.root(request), unconnected())
    container.start(unconnected())
    container.init.exit.wait(30)
    container.errand()
    container.delete()
    container.close()
