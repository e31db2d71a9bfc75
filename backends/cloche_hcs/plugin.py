"""What this package offers to Cloche; importing it loads no native code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche import hookimpl
from cloche.layers import LayerStore, LayerStoreDescriptor
from cloche.probe import Supported, Unsupported
from cloche.runtime import Capability, Isolation, Runtime, RuntimeDescriptor
from cloche.stdio import StdioDescriptor, StdioDriver

if TYPE_CHECKING:
    from cloche.probe import Verdict
    from cloche.runtime import BackendContext

_SCORE = 80
_CAPABILITIES = frozenset(
    {
        Capability.BIND_MOUNTS,
        Capability.DETACHED,
        Capability.EXEC,
        Capability.IDLE,
        Capability.ISOLATE_PROCESS,
        Capability.ISOLATE_VM,
        Capability.LATE_PROCESS,
        Capability.LIMITS,
        Capability.LOAD,
        Capability.OUTLIVES,
        Capability.PAUSE,
        Capability.STATS,
        Capability.TERMINAL,
        Capability.WAITING_CREATE,
    }
)


@hookimpl
def cloche_runtimes() -> list[RuntimeDescriptor]:
    """Offer the runtime ``hcs``."""
    return [
        RuntimeDescriptor(
            name="hcs",
            ceiling=_SCORE,
            capabilities=_CAPABILITIES,
            roots=("filter:mounted", "filter"),
            stdio=frozenset({"pipe"}),
            isolations=frozenset({Isolation.PROCESS, Isolation.VM}),
            probe=_probe_service,
            open=_open_runtime,
        )
    ]


@hookimpl
def cloche_layer_stores() -> list[LayerStoreDescriptor]:
    """Offer the layer store ``filter``."""
    return [
        LayerStoreDescriptor(
            name="filter",
            ceiling=_SCORE,
            offers=("filter:mounted", "filter"),
            kinds=frozenset({"directory", "image", "windows"}),
            probe=_probe_service,
            open=_open_store,
        )
    ]


@hookimpl
def cloche_stdio_drivers() -> list[StdioDescriptor]:
    """Offer the stdio driver ``npipe``: named pipes that somebody else serves."""
    return [
        StdioDescriptor(
            name="npipe",
            ceiling=_SCORE,
            forms=frozenset({"pipe"}),
            terminal=False,
            probe=_probe_pipes,
            open=_open_pipes,
        )
    ]


def _probe_pipes(argument: str | None) -> Verdict:
    if os.name == "nt":
        return Supported(_SCORE)
    return Unsupported("needs Windows", "on other systems, name a FIFO as a file")


def _open_pipes(_context: BackendContext) -> StdioDriver:
    from cloche_hcs.pipes.driver import PipeDriver

    return PipeDriver()


def _probe_service(argument: str | None) -> Verdict:
    from cloche_hcs.probing import probe_service

    return probe_service(argument)


def _open_runtime(context: BackendContext) -> Runtime:
    from cloche_hcs.runtime import HcsRuntime

    return HcsRuntime.open(context)


def _open_store(context: BackendContext) -> LayerStore:
    from cloche_hcs.layers.store import FilterStore

    return FilterStore.open(context)
