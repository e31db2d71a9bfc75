"""What this package offers to Cloche; importing it loads no native code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche import hookimpl
from cloche.layers import LayerStore, LayerStoreDescriptor

if TYPE_CHECKING:
    from cloche.probe import Verdict
    from cloche.runtime import BackendContext

_SCORE = 80


@hookimpl
def cloche_layer_stores() -> list[LayerStoreDescriptor]:
    """Offer the layer store ``filter``."""
    return [
        LayerStoreDescriptor(
            name="filter",
            ceiling=_SCORE,
            offers=("filter:mounted", "filter"),
            kinds=frozenset({"directory", "windows"}),
            probe=_probe_service,
            open=_open_store,
        )
    ]


def _probe_service(argument: str | None) -> Verdict:
    from cloche_hcs.probing import probe_service

    return probe_service(argument)


def _open_store(context: BackendContext) -> LayerStore:
    from cloche_hcs.layers.store import FilterStore

    return FilterStore.open(context)
