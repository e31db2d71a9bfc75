"""The contract of layer stores, over the service of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloche.layers import LayerStoreDescriptor
from cloche.probe import Supported
from cloche.testing import LayerStoreSubject, LayerStoreSuite
from cloche_hcs.layers.store import FORMS, FilterStore


@pytest.mark.usefixtures("service")
class TestFilterStore(LayerStoreSuite):
    def subject(self, home: Path) -> LayerStoreSubject:
        return LayerStoreSubject(
            store=LayerStoreDescriptor(
                name="filter",
                ceiling=80,
                offers=FORMS,
                kinds=frozenset({"directory", "windows"}),
                probe=lambda argument: Supported(score=80),
                open=FilterStore.open,
            )
        )
