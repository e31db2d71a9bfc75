"""Many containers, many at a time, with faults strewn over all calls: nothing is left."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cloche.creation import BackendContext
from cloche.errors import ClocheError, NotFound
from cloche.layers import Layer
from cloche.spec import Process
from cloche_hcs.layers.store import FilterStore

#: A campaign is of 2000. Under Wine one container takes as long as ten elsewhere.
_USUAL = 100 if sys.platform == "win32" else 400
_CONTAINERS, _AT_A_TIME = int(os.environ.get("CLOCHE_SOAK", _USUAL)), 64
#: Seconds after which no more begin, unless a number was asked for: what else runs on a machine
#: decides how long one takes.
_PATIENCE = math.inf if "CLOCHE_SOAK" in os.environ else 120
_FAULTS, _LOSSES = _CONTAINERS * 3 // 10, max(1, _CONTAINERS // 400)
_TRIES = 8
#: How often each function is called about, for one container. Refusals to take handles back are
#: left out: what is refused stays, which would hide what leaks.
_CALLS = {
    "CreateSandboxLayer": 1,
    "ActivateLayer": 1,
    "PrepareLayer": 1,
    "GetLayerMountPath": 2,
    "HcsCreateComputeSystem": 1,
    "HcsRegisterComputeSystemCallback": 1,
    "HcsStartComputeSystem": 1,
    "HcsCreateProcess": 2,
    "HcsRegisterProcessCallback": 2,
    "HcsModifyProcess": 2,
    "HcsGetProcessProperties": 2,
    "HcsGetComputeSystemProperties": 1,
    "HcsShutdownComputeSystem": 1,
    "HcsTerminateComputeSystem": 1,
    "UnprepareLayer": 1,
    "DeactivateLayer": 1,
    "DestroyLayer": 1,
}
_TOLD = {
    "SystemCreateCompleted": 1,
    "SystemStartCompleted": 1,
    "ProcessExited": 2,
    "SystemExited": 1,
}
_CODES = ("0x80070057", "0x80070005", "0xC0370105", "0x800705B4", "0x80070015")
_ACTIONS = ("0x80070057", "swallow", "early", "duplicate", "reordered")
_DIR = Process(cwd="", args=("cmd", "/c", "dir"))


@pytest.mark.slow
def test_nothing_is_left_of_many(bench: Any, unconnected: Any) -> None:
    seed = Random().randrange(1 << 32)
    bench.service.begin("pace\t0", "proc\t*\texit\t\t\t0\t1")
    store = FilterStore.open(BackendContext(home=bench.home / "store", owner="cloche-soak"))
    _live(bench, store, unconnected, "first")  # what is started on first use may stay
    _clear_up(bench, store, "first")
    before = _census()
    bench.service.steer(*_faults(Random(seed)))
    outcomes: Counter[str] = Counter()
    deadline = time.monotonic() + _PATIENCE

    def live(number: int) -> None:
        if number >= _AT_A_TIME and time.monotonic() > deadline:
            return
        try:
            _live(bench, store, unconnected, f"c{number}")
            outcomes["well"] += 1
        except ClocheError as error:
            outcomes[type(error).__name__] += 1
        _clear_up(bench, store, f"c{number}")

    with _restoring(bench.service), ThreadPoolExecutor(_AT_A_TIME) as pool:
        for done in [pool.submit(live, number) for number in range(_CONTAINERS)]:
            done.result(600)
    told = f"seed {seed}: {dict(outcomes)}"
    assert outcomes["well"] > outcomes.total() // 2, told
    assert len(outcomes) > 1, told
    assert bench.service.counts()["living"] == 0, told
    assert [*store.list()] == [], told
    assert _settles(lambda: _census() <= before), f"{told}: {_census()} instead of {before}"


def _faults(random: Random) -> Iterator[str]:
    """Each once, at a call that is likely to be made."""
    for _ in range(_FAULTS):
        function = random.choice([*_CALLS])
        number = random.randrange(1, _CONTAINERS * _CALLS[function])
        yield f"fault\t{function}\t{number}\t{random.choice(_CODES)}"
    for _ in range(_FAULTS // 10):
        told = random.choice([*_TOLD])
        number = random.randrange(1, _CONTAINERS * _TOLD[told])
        yield f"notify\t{told}\t{number}\t{random.choice(_ACTIONS)}"
    for _ in range(_LOSSES):
        yield f"disconnect\tHcsCreateProcess\t{random.randrange(1, _CONTAINERS)}"


def _live(bench: Any, store: FilterStore, unconnected: Any, id: str) -> None:
    request = bench.request(id, timeout=5.0)
    request = replace(request, layers=(Layer(kind="windows", path=Path(bench.layer)),))
    (form,) = bench.runtime.accepts(request)
    root = store.prepare(id, request.layers, form, volatile=True, size=None)
    container = bench.runtime.create(request, root, unconnected())
    try:
        container.start(unconnected())
        if container.init.exit.poll() is None:
            container.exec("x", _DIR, unconnected()).exit.wait(30)
        container.init.exit.wait(30)
        container.errand()
        container.delete()
    finally:
        container.close()


def _clear_up(bench: Any, store: FilterStore, id: str) -> None:
    """Remove what may be there, as a later process would, until that goes well."""
    for attempt in range(_TRIES):
        try:
            _remove(bench, id)
            store.release(id)
        except ClocheError:
            if attempt == _TRIES - 1:
                raise
            time.sleep(0.1 * attempt)
        else:
            return


def _remove(bench: Any, id: str) -> None:
    try:
        found = bench.another_runtime().load(id, bench.home / "state" / id, None)
    except NotFound:
        return
    try:
        found.delete()
    finally:
        found.close()


@contextmanager
def _restoring(service: Any) -> Iterator[None]:
    """A service that is lost comes back by itself, as Windows' does."""
    over = threading.Event()

    def restore() -> None:
        while not over.wait(0.2):
            service.restore()

    thread = threading.Thread(target=restore)
    thread.start()
    yield
    over.set()
    thread.join()


def _census() -> tuple[int, int]:
    """Descriptors and threads, where they can be counted."""
    descriptors = Path("/proc/self/fd")
    return len(os.listdir(descriptors)) if descriptors.exists() else 0, threading.active_count()


def _settles(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
