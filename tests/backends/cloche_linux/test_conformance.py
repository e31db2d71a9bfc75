"""The native runtime and its layer store keep the contracts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from cloche.capability import Lifetime
from cloche.layers import Layer
from cloche.testing import LayerKeepingSuite, LayerStoreSubject, RuntimeSubject, RuntimeSuite
from cloche_linux.plugin import cloche_layer_stores, cloche_runtimes


class TestOverThisMachinesRoot(RuntimeSuite):
    """Containers over the host's own system."""

    def subject(self, home: Path) -> RuntimeSubject:
        (runtime,), (store, *_) = cloche_runtimes(), cloche_layer_stores()
        return RuntimeSubject(runtime=runtime, store=store)


class TestOverADirectory(RuntimeSuite):
    """Containers over a directory with the programs of busybox."""

    @pytest.fixture(autouse=True)
    def root(self, busybox: str) -> None:
        self.layers = (Layer(kind="directory", path=Path(busybox)),)

    def subject(self, home: Path) -> RuntimeSubject:
        (runtime,), (store, *_) = cloche_runtimes(), cloche_layer_stores()
        return RuntimeSubject(runtime=runtime, store=store, layers=self.layers)


class TestDetached(TestOverADirectory):
    """The same over a directory, of containers that outlive their maker."""

    def subject(self, home: Path) -> RuntimeSubject:
        return dataclasses.replace(super().subject(home), lifetime=Lifetime.DETACHED)


class TestOverlayStore(LayerKeepingSuite):
    def subject(self, home: Path) -> LayerStoreSubject:
        store, *_ = cloche_layer_stores()
        return LayerStoreSubject(store=store)


class TestFuseStore(LayerKeepingSuite):
    def subject(self, home: Path) -> LayerStoreSubject:
        _, store, _ = cloche_layer_stores()
        return LayerStoreSubject(store=store)


class TestCopyStore(LayerKeepingSuite):
    def subject(self, home: Path) -> LayerStoreSubject:
        _, _, store = cloche_layer_stores()
        return LayerStoreSubject(store=store)
