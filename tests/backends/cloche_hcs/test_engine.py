"""Containers of the service as users hold them: made in two steps, found again, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cloche_hcs.plugin
import cloche_stdio.plugin
from cloche import DEVNULL, AlreadyExists, Container, Engine, InvalidSpec, NotFound, State
from cloche.defaults import windows_process, windows_spec
from cloche.probe import Supported
from cloche.spec import Spec

QUIET = {"stdin": DEVNULL, "stdout": DEVNULL, "stderr": DEVNULL}
REMOVED = [
    "HcsGetComputeSystemProperties",
    "HcsShutdownComputeSystem",
    "HcsUnregisterProcessCallback",
    "HcsCloseProcess",
    "HcsUnregisterComputeSystemCallback",
    "HcsCloseComputeSystem",
    "UnprepareLayer",
    "DeactivateLayer",
    "DestroyLayer",
]


@pytest.fixture
def open_engine(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Engine]]:
    """Opens engines over the stand-in: as many processes would see it."""
    for probe in ("_probe_service", "_probe_store"):
        monkeypatch.setattr(cloche_hcs.plugin, probe, lambda _: Supported(80), raising=False)
    monkeypatch.setenv("CLOCHE_PLUGINS", "")
    service.begin("pace\t1", "proc\t*\trun")
    engines = []

    def open_one(**options: Any) -> Engine:
        plugins = [cloche_hcs.plugin, cloche_stdio.plugin]
        engines.append(Engine(plugins=plugins, root=tmp_path / "place", **options))
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.close()


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    layer = tmp_path / "layers" / "base"
    layer.mkdir(parents=True)
    return windows_spec(windows_process(("cmd", "/c", "ver")), (str(layer),))


def test_a_whole_life(open_engine: Callable[..., Engine], service: Any, spec: Spec) -> None:
    engine = open_engine(owner="containerd")
    container = engine.create(spec, id="c1", **QUIET)
    assert (container.state, container.poll()) == (State.CREATED, None)
    made = service.functions()
    assert made[-2:] == ["HcsCreateComputeSystem", "HcsRegisterComputeSystemCallback"]
    assert '"Owner":"containerd"' in service.calls()[-2].arguments["configuration"]
    container.start()
    assert (container.state, container.poll()) == (State.RUNNING, None)
    begun = len(service.functions())
    container.remove(force=True)
    removed = [each for each in service.functions()[begun:] if each in REMOVED]
    assert removed == REMOVED
    assert engine.list(all=True) == []


def test_another_process_finds_it_by_one_query(
    open_engine: Callable[..., Engine], service: Any, spec: Spec
) -> None:
    container = open_engine().create(spec, id="c1", detached=True)
    container.start()
    container.close()
    other, begun = open_engine(), len(service.functions())
    (found,) = other.list()
    assert service.functions()[begun:] == ["HcsEnumerateComputeSystems"]
    assert found.state is State.RUNNING
    found.stop(timeout=20)
    found.remove()
    assert service.counts()["living"] == 0


def test_another_process_starts_it(
    open_engine: Callable[..., Engine], service: Any, spec: Spec
) -> None:
    open_engine().create(spec, id="c1", detached=True).close()
    found: Container[bytes] = open_engine().get("c1")
    assert found.state is State.CREATED
    found.start()
    assert found.state is State.RUNNING
    found.kill()
    assert found.wait(20) is not None
    found.remove()


def test_what_has_lost_its_record_is_removed_without_its_layer(
    open_engine: Callable[..., Engine], service: Any, spec: Spec, tmp_path: Path
) -> None:
    container = open_engine().create(spec, id="c1", detached=True)
    container.start()
    container.close()
    record = tmp_path / "place/run/containers/c1"
    for file in record.iterdir():
        file.unlink()
    record.rmdir()
    engine, begun = open_engine(), len(service.functions())
    assert [c.id for c in engine.list(all=True)] == ["c1"]
    engine.get("c1").remove(force=True)
    with pytest.raises(NotFound):
        engine.get("c1")
    assert not any("Layer" in each for each in service.functions()[begun:])
    assert (tmp_path / "layers/c1").is_dir()


def test_nothing_is_called_for_what_is_refused(
    open_engine: Callable[..., Engine], service: Any, spec: Spec
) -> None:
    engine = open_engine()
    container = engine.create(spec, id="c1", **QUIET)
    begun = len(service.functions())
    assert spec.windows is not None
    gone = spec.windows.replace(layer_folders=("C:\\no\\where",))
    with pytest.raises(InvalidSpec):
        engine.create(spec.replace(windows=gone), id="c2")
    with pytest.raises(AlreadyExists):
        engine.create(spec, id="C1")
    with pytest.raises(InvalidSpec):
        engine.create(spec, id="nul.x")
    assert service.functions()[begun:] == []
    container.remove()
