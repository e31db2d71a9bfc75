"""Engines over the stand-in service, with limits that a test can wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import cloche_hcs.plugin
import cloche_stdio.plugin
from cloche import Engine, hookimpl
from cloche.layers import LayerStoreDescriptor
from cloche.probe import Supported, Verdict
from cloche.runtime import RuntimeDescriptor
from cloche.spec import VERSION, Process, Spec, Windows

#: Seconds that the service gets for each answer and each notification.
LIMIT = "1"


class Here:
    """The plug-in as it is, on whatever platform: a service stands in for Windows' own."""

    @hookimpl
    def cloche_runtimes(self) -> list[RuntimeDescriptor]:
        return [replace(each, probe=_works) for each in cloche_hcs.plugin.cloche_runtimes()]

    @hookimpl
    def cloche_layer_stores(self) -> list[LayerStoreDescriptor]:
        return [replace(each, probe=_works) for each in cloche_hcs.plugin.cloche_layer_stores()]


def _works(argument: str | None) -> Verdict:
    return Supported(80)


@pytest.fixture
def make_engine(
    tmp_path: Path, service: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Engine]]:
    """Engines of one owner and place, as processes one after the other have them."""
    monkeypatch.setenv("CLOCHE_HCS_TIMEOUT", LIMIT)
    monkeypatch.setenv("CLOCHE_PLUGINS", "")
    monkeypatch.setenv("CLOCHE_CONFIG", "")
    service.begin("pace\t1", "proc\t*\trun")
    made: list[Engine] = []

    def make() -> Engine:
        backends = {"runtime": "hcs", "layer_store": "filter"}
        plugins = [Here(), cloche_stdio.plugin]
        made.append(Engine(plugins=plugins, root=tmp_path / "place", owner="faults", **backends))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    layer = tmp_path / "layers" / "base"
    layer.mkdir(parents=True)
    return Spec(
        oci_version=VERSION,
        process=Process(cwd="C:\\", args=("cmd", "/c", "ver")),
        windows=Windows(layer_folders=(str(layer),)),
    )
