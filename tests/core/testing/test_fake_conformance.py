"""The fake keeps the contracts that it is a stand-in for."""

from __future__ import annotations

from pathlib import Path

from cloche.testing import (
    FakeBackend,
    LayerKeepingSuite,
    LayerStoreSubject,
    RuntimeSubject,
    RuntimeSuite,
)
from cloche.testing.fake_subject import fake_subject


class TestRuntime(RuntimeSuite):
    def subject(self, home: Path) -> RuntimeSubject:
        return fake_subject()


class TestService(RuntimeSuite):
    def subject(self, home: Path) -> RuntimeSubject:
        return fake_subject(service=True)


class TestLayerStore(LayerKeepingSuite):
    def subject(self, home: Path) -> LayerStoreSubject:
        (store,) = FakeBackend().cloche_layer_stores()
        return LayerStoreSubject(store=store)
