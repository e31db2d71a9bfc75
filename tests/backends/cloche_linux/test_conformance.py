"""The native runtime and its layer store keep the contracts, over this machine's own system."""

from __future__ import annotations

from pathlib import Path

from cloche.testing import LayerStoreSubject, LayerStoreSuite, RuntimeSubject, RuntimeSuite
from cloche_linux.plugin import cloche_layer_stores, cloche_runtimes


class TestRuntime(RuntimeSuite):
    def subject(self, home: Path) -> RuntimeSubject:
        (runtime,), (store,) = cloche_runtimes(), cloche_layer_stores()
        return RuntimeSubject(runtime=runtime, store=store)


class TestLayerStore(LayerStoreSuite):
    def subject(self, home: Path) -> LayerStoreSubject:
        (store,) = cloche_layer_stores()
        return LayerStoreSubject(store=store)
