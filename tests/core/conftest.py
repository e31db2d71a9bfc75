"""Engines over the fake backend, each with a place of its own and nothing installed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import cloche_stdio.plugin
from cloche import Engine, hookimpl
from cloche.runtime import CreateRequest
from cloche.testing import FakeBackend
from cloche.testing.lab import descriptors


class Recorder:
    """A plug-in that remembers what it was asked to change, and what it heard of."""

    def __init__(self) -> None:
        self.requests: list[CreateRequest] = []
        self.events: list[Any] = []

    @property
    def request(self) -> CreateRequest:
        return self.requests[-1]

    @hookimpl
    def cloche_prepare_spec(self, request):
        self.requests.append(request)

    @hookimpl
    def cloche_event(self, event):
        self.events.append(event)


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is installed on this machine, or said in its environment, decides no test."""
    for name in ("RUNTIME", "LAYER_STORE", "STDIO_DRIVER", "ROOT"):
        monkeypatch.delenv(f"CLOCHE_{name}", raising=False)
    monkeypatch.setenv("CLOCHE_PLUGINS", "")
    monkeypatch.setenv("CLOCHE_CONFIG", "")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def place(tmp_path):
    """Where the engines of a test keep things."""
    return tmp_path / "place"


@pytest.fixture
def make_engine(place) -> Iterator[Callable[..., Engine]]:
    """Makes engines over the fake, with further programs and plug-ins."""
    made = []

    def make(*plugins: object, programs: Any = None, **options: Any) -> Engine:
        fake = FakeBackend(programs)
        options.setdefault("root", place)
        engine = Engine(plugins=[fake, cloche_stdio.plugin, *plugins], **options)
        made.append(engine)
        return engine

    yield make
    for engine in made:
        for container in engine.list(all=True):
            container.remove(force=True)
        engine.close()


@pytest.fixture
def engine(make_engine) -> Engine:
    return make_engine()


@pytest.fixture
def settled() -> Callable[[], int]:
    """Counts this process's descriptors when the fake's threads have closed all they will."""

    def count() -> int:
        last = -1
        while (now := descriptors()) != last:
            last = now
            time.sleep(0.05)
        return now

    return count


@pytest.fixture
def traces(place) -> Callable[[], list[str]]:
    """Names whatever is kept of containers: records, names, roots."""

    def list_all() -> list[str]:
        folders = (place / "run/containers", place / "run/names", place / "data/fake")
        return [str(each) for folder in folders if folder.exists() for each in folder.iterdir()]

    return list_all
