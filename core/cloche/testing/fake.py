"""A working backend in memory, for the tests of those who embed Cloche.

Nothing is isolated and no program of the machine is run: programs are Python functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.hookspecs import hookimpl
from cloche.layers import LayerStoreDescriptor
from cloche.probe import Supported
from cloche.runtime import RuntimeDescriptor
from cloche.testing.fake_programs import BUILT_IN
from cloche.testing.fake_runtime import CAPABILITIES, LASTING, FakeRuntime
from cloche.testing.fake_world import World

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from cloche.engine import Engine
    from cloche.layers import LayerStore
    from cloche.probe import Verdict
    from cloche.runtime import BackendContext, Runtime
    from cloche.testing.fake_programs import Program

__all__ = ["FakeBackend"]

_SCORE = 1
_KINDS = frozenset({"directory", "host", "image"})


class FakeBackend:
    """A plug-in with a runtime and a layer store, both named ``fake``; a world of its own.

    ``programs`` can be run by their names, beside ``true false echo cat sleep env yes exit``; None
    stands for a file that is no program (126). ``service``: the runtime is as Windows' is, makes
    pipes of its own when a container is started, and its containers outlive the engine that made
    them. On Windows it has no terminals, and shows no files.
    """

    def __init__(
        self,
        programs: Mapping[str, Program | None] | None = None,
        *,
        name: str = "fake",
        service: bool = False,
    ) -> None:
        self.name = name
        self.service = service
        self._world = World({**BUILT_IN, **(programs or {})})

    def engine(self, root: str | os.PathLike[str]) -> Engine:
        """Make an engine that uses this backend and keeps what it keeps in ``root``."""
        from cloche.engine import Engine

        return Engine(runtime=self.name, layer_store=self.name, plugins=[self], root=root)

    def leave_errand(self, container: str, *command: str, timeout: float | None = None) -> None:
        """Have a program run, in a container of its own, before ``container`` can be deleted.

        Of a ``service`` only.
        """
        self._world.errands[container] = command, timeout

    @hookimpl
    def cloche_runtimes(self) -> list[RuntimeDescriptor]:
        """Offer the runtime, by the lowest score: it is to be named."""
        return [
            RuntimeDescriptor(
                name=self.name,
                ceiling=_SCORE,
                capabilities=CAPABILITIES | LASTING if self.service else CAPABILITIES,
                roots=("path",),
                stdio=frozenset({"pipe"}) if self.service else frozenset({"fd", "pipe"}),
                probe=_probe,
                open=self._open_runtime,
            )
        ]

    def _open_runtime(self, context: BackendContext) -> Runtime:
        if not self.service:
            return FakeRuntime(self._world, context)
        from cloche.testing.fake_service import ServiceRuntime

        return ServiceRuntime(self._world, context)

    @hookimpl
    def cloche_layer_stores(self) -> list[LayerStoreDescriptor]:
        """Offer the layer store."""
        return [
            LayerStoreDescriptor(
                name=self.name,
                ceiling=_SCORE,
                offers=("path",),
                kinds=_KINDS | {"windows"} if self.service else _KINDS,
                probe=_probe,
                open=_open_store,
            )
        ]


def _probe(_argument: str | None) -> Verdict:
    return Supported(_SCORE)


def _open_store(context: BackendContext) -> LayerStore:
    from pathlib import Path

    from cloche.testing.fake_layers import FakeLayerStore

    return FakeLayerStore(Path(context.home))
