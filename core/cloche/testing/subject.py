"""What the suite of a runtime has to be told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from cloche.capability import Lifetime
from cloche.layers import Layer
from cloche.testing.programs import Args, Programs

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.layers import LayerStoreDescriptor
    from cloche.runtime import RuntimeDescriptor
    from cloche.spec import Spec
    from cloche.stdio import Size

__all__ = ["RuntimeSubject", "default_spec"]


def default_spec(id: str, args: Args, terminal: Size | None) -> Spec:
    """Build what the engine builds for a request that asks for nothing else."""
    from cloche.request import Asked
    from cloche.specification import specify

    asked = Asked()
    asked.args = args
    if terminal is not None:
        asked.tty = terminal
    return specify(asked, id)


MakeSpec: TypeAlias = "Callable[[str, Args, Size | None], Spec]"


@dataclass(frozen=True, kw_only=True)
class RuntimeSubject:
    """A runtime under test, with a layer store that makes roots for it."""

    runtime: RuntimeDescriptor
    store: LayerStoreDescriptor
    #: What roots are made of; the programs must be in there.
    layers: tuple[Layer, ...] = (Layer(kind="host"),)
    programs: Programs = field(default_factory=Programs)
    #: Makes a specification of an id, a command and the size of its terminal, if it has one.
    spec: MakeSpec = default_spec
    #: Of all containers of the suite: ``detached`` for a runtime that has OUTLIVES, once more.
    lifetime: Lifetime = Lifetime.PROCESS
