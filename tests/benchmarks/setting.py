"""What all benchmarks of one run share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from probe import Confinement, of_this_machine
from programs import programs

import cloche

if TYPE_CHECKING:
    from place import Place

    from cloche.spec import Linux, Spec

__all__ = ["Setting"]


@dataclass(frozen=True)
class Setting:
    """The folder, the number of rounds, and what containers are made of."""

    place: Place
    rounds: int
    #: Only show that everything works: the least of all sizes.
    tiny: bool = False

    @property
    def options(self) -> dict[str, object]:
        """What every container of ours is given."""
        return {"rootfs": str(self.place.rootfs)}

    @property
    def programs(self) -> Mapping[str, list[str]]:
        return programs(self.masked, flood=4 if self.tiny else 1024)

    @cached_property
    def spec(self) -> Spec:
        """The specification of a container of ours, read back from one."""
        return self.spec_of()

    def spec_of(self, **limits: object) -> Spec:
        """The same, with limits."""
        with self.idling(**limits) as container:
            return container.spec

    def idling(self, **limits: object) -> cloche.Container[bytes]:
        """Start a container that idles, to be looked at."""
        # An engine of its own: the module's would keep to the folder of the first benchmark.
        engine = cloche.Engine(root=self.place.state)
        return engine.start(idle=True, **self.options, **limits)  # type: ignore[call-overload]

    @property
    def masked(self) -> tuple[str, ...]:
        return tuple(self._linux.masked_paths or ())

    @property
    def readonly(self) -> tuple[str, ...]:
        return tuple(self._linux.readonly_paths or ())

    @cached_property
    def machine(self) -> Confinement:
        """What an unconfined process of this machine finds."""
        return of_this_machine(self.masked, self.readonly)

    @property
    def _linux(self) -> Linux:
        assert self.spec.linux is not None
        return self.spec.linux
