"""Engines whose helpers fail on demand, and a look at what is left afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

import cloche
from cloche_linux.plan import Plan

from .injection import Injector
from .traces import settled, take

Left: TypeAlias = Callable[..., dict[str, object]]


@pytest.fixture(scope="module")
def state(open_place: Path, request: pytest.FixtureRequest) -> Path:
    """Where a root that is mapped to somebody else can reach its layers."""
    place = open_place / f"state of {request.node.path.stem}"
    (place / "data").mkdir(parents=True)
    return place


@pytest.fixture(scope="module")
def engine(state: Path) -> Iterator[cloche.Engine]:
    with cloche.Engine(runtime="linux", root=state) as engine:
        yield engine


@pytest.fixture
def injector(monkeypatch: pytest.MonkeyPatch) -> Injector:
    """What the plans of this process go through."""
    injector, original = Injector(), Plan.encode
    monkeypatch.setattr(Plan, "encode", lambda plan: injector.encode(plan, original))
    return injector


@pytest.fixture
def left(engine: cloche.Engine, busybox: str, state: Path) -> Left:
    """Tells what there is more than after ordinary runs, which make what all share."""
    engine.run(["true"])
    with engine.start(rootfs=busybox, idle=True) as box:
        box.run(["true"])
    with engine.start(["true"], rootfs=busybox, lifetime="detached", keep=False) as box:
        box.wait(5)
    for network in ("none", "host"):
        engine.run(["true"], rootfs=busybox, network=network)
    before = take(state)

    def look(*ids: str | None) -> dict[str, object]:
        return settled(state, before, frozenset(filter(None, ids)))

    return look
