"""What a container has that is to outlive its maker: a gate, and a keeper unless it is adopted."""

from __future__ import annotations

import os

from cloche.values import Value
from cloche_linux.gate import Gate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from cloche.runtime import CreateRequest
    from cloche_linux.blueprint.extras import Extras
    from cloche_linux.keeping import Keeping
    from cloche_linux.plan import Plan

__all__ = ["Detaching", "Ends"]


class Ends(Value):
    """Descriptors for the helper; whoever has them closes them."""

    #: Where it waits for its start.
    listening: int
    #: Where its end is noted; None for one that is adopted.
    noted: int | None

    def detach(
        self, plan: Plan, extras: Extras, born_in: int | None, *, new_pid_namespace: bool
    ) -> None:
        """Let a plan's container live on: with a keeper, or with whoever adopts it."""
        if self.noted is None:
            plan.detach()
            return
        group = None if born_in is None else extras.lend(born_in)
        plan.keep(extras.lend(self.noted), group, new_pid_namespace=new_pid_namespace)

    def close(self) -> None:
        """Close them here: the helper has its own."""
        os.close(self.listening)
        if self.noted is not None:
            os.close(self.noted)


class Detaching(Value):
    """How one container outlives its maker."""

    gate: Gate
    keeping: Keeping | None

    @classmethod
    def of(cls, home: Path | str, request: CreateRequest) -> Detaching:
        """What a request for a detached container asks for."""
        if request.adopted:
            return cls(Gate(request.state), None)
        from cloche_linux.keeping import Keeping

        return cls(Gate(request.state), Keeping(home, request.id))

    def begin(self, owner: str, state: Path | str) -> Ends:
        """Make what the helper is to have."""
        noted = None if self.keeping is None else self.keeping.begin(owner, state)
        try:
            return Ends(self.gate.listen(), noted)
        except BaseException:
            if noted is not None:
                os.close(noted)
            raise

    def undo(self) -> None:
        """Take it away again; the helper has ended, or there was none."""
        self.gate.remove()
        if self.keeping is not None:
            self.keeping.await_end()
            self.keeping.remove()
