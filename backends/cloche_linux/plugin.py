"""What this package offers to Cloche; importing it loads no native code."""

from __future__ import annotations

from cloche import hookimpl
from cloche.layers import LayerStore, LayerStoreDescriptor
from cloche.runtime import RuntimeDescriptor
from cloche.stdio import StdioDescriptor, StdioDriver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.probe import Verdict
    from cloche.runtime import BackendContext


@hookimpl
def cloche_runtimes() -> list[RuntimeDescriptor]:
    """Offer the runtime ``linux``."""
    from cloche_linux.descriptor import runtime

    return [runtime()]


@hookimpl
def cloche_layer_stores() -> list[LayerStoreDescriptor]:
    """Offer the layer stores ``overlay``, ``fuse-overlayfs`` and ``copy``."""
    return [
        LayerStoreDescriptor(
            name="overlay",
            ceiling=80,
            offers=("overlay",),
            kinds=frozenset({"directory", "host", "image"}),
            probe=_probe_store,
            open=_open_store,
        ),
        LayerStoreDescriptor(
            name="fuse-overlayfs",
            ceiling=40,
            offers=("path",),
            kinds=frozenset({"directory", "image"}),
            probe=_probe_fuse,
            open=_open_fuse,
        ),
        LayerStoreDescriptor(
            name="copy",
            ceiling=20,
            offers=("path",),
            kinds=frozenset({"directory", "image"}),
            probe=_probe_copy,
            open=_open_copy,
        ),
    ]


@hookimpl
def cloche_stdio_drivers() -> list[StdioDescriptor]:
    """Offer the stdio driver ``pty``."""
    return [
        StdioDescriptor(
            name="pty",
            ceiling=80,
            forms=frozenset({"pipe"}),
            terminal=True,
            probe=_probe_pty,
            open=_open_pty,
        )
    ]


def _probe_store(argument: str | None) -> Verdict:
    from cloche_linux.probing import probe_store

    return probe_store(argument)


def _probe_fuse(argument: str | None) -> Verdict:
    from cloche_linux.layering.probing import probe_fuse

    return probe_fuse(argument)


def _probe_copy(argument: str | None) -> Verdict:
    from cloche_linux.layering.probing import probe_copy

    return probe_copy(argument)


def _probe_pty(argument: str | None) -> Verdict:
    from cloche_linux.probing import probe_platform

    return probe_platform(argument)


def _open_store(context: BackendContext) -> LayerStore:
    from cloche_linux.overlay import OverlayStore

    return OverlayStore.open(context)


def _open_fuse(context: BackendContext) -> LayerStore:
    from cloche_linux.layering.fuse import FuseStore

    return FuseStore.open(context)


def _open_copy(context: BackendContext) -> LayerStore:
    from cloche_linux.layering.copies import CopyStore

    return CopyStore.open(context)


def _open_pty(context: BackendContext) -> StdioDriver:
    from cloche_linux.pty import PtyDriver

    return PtyDriver()
