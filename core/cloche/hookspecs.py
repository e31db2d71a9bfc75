"""The extension points of Cloche: the docstrings here are the reference.

A plug-in is a module (or object) registered under the entry-point group ``cloche`` whose functions
carry ``cloche.hookimpl``. Hooks register descriptors or observe; the work is done by the classes
that a descriptor opens (``cloche.runtime``, ``cloche.layers``, ``cloche.stdio``). Hooks return
lists. Parameters are add-only: an implementation may leave out those it does not need.
"""

from __future__ import annotations

import pluggy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.events import Event
    from cloche.layers import LayerStoreDescriptor
    from cloche.runtime import CreateRequest, RuntimeDescriptor
    from cloche.spec import Spec
    from cloche.stdio import StdioDescriptor

#: The version of hooks and contracts together. The first number changes when a working backend
#: would stop working; what is to go warns for at least two minor versions before.
CONTRACT_VERSION = (1, 0)

hookspec = pluggy.HookspecMarker("cloche")
hookimpl = pluggy.HookimplMarker("cloche")


@hookspec
def cloche_runtimes() -> list[RuntimeDescriptor]:  # type: ignore[empty-body]
    """Offer runtimes: called once, when backends are first looked for.

    Must not load native libraries nor touch the machine: that is what a descriptor's ``probe`` and
    ``open`` are for. An empty list offers nothing.
    """


@hookspec
def cloche_layer_stores() -> list[LayerStoreDescriptor]:  # type: ignore[empty-body]
    """Offer layer stores; called once, under the same rules as ``cloche_runtimes``."""


@hookspec
def cloche_stdio_drivers() -> list[StdioDescriptor]:  # type: ignore[empty-body]
    """Offer stdio drivers; called once, under the same rules as ``cloche_runtimes``."""


@hookspec
def cloche_prepare_spec(request: CreateRequest) -> Callable[[Spec], Spec] | None:
    """Change the specification of a container before anything is made of it.

    Called for each container, in the caller's thread. Return a function from specification to
    specification, or None to leave this one alone. The functions of several plug-ins are applied
    in the order of the plug-ins' names, each to the result of the one before. ``request.spec`` is
    the specification before any of them. Identity and root are not theirs to change.
    """


@hookspec
def cloche_event(event: Event) -> None:
    """Observe what happens to containers; must not block, and its errors become warnings."""
