"""Containers that outlive this program: ``cloche create``, and what ``run -d`` can't have."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.declare import Command
from cloche_cli.run import Run
from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from cloche import Engine

__all__ = ["Create", "check"]

#: What needs somebody who stays: the attribute, how it is typed, and why.
_ATTENDED = (
    ("interactive", "-i", "nobody is there to type"),
    ("tty", "-t", "nobody is there to see its terminal"),
    ("json", "--json", "nobody is there to keep its output"),
    ("timeout", "--timeout", "nobody is there to look at the clock"),
)


def check(typed: Command) -> None:
    """Refuse what can't be had of a container on its own."""
    for name, option, why in _ATTENDED:
        if typed.values.get(name):
            raise UsageError(f"run: {option} beside -d: {why}", hint="cloche run without -d")


class Create(Run):
    """Make a container as run does, and let it wait for cloche start.

    Its id is printed. Options end at IMAGE, and -- stands for this machine, as with cloche run. It
    outlives this program, is kept when it has ended, and what it writes goes nowhere.
    """

    verb: ClassVar[str] = "create"
    without: ClassVar[frozenset[str]] = frozenset(
        {"detach", "interactive", "tty", "json", "timeout"}
    )

    @property
    def is_detached(self) -> bool:
        """It always is."""
        return True

    def act(self, engine: Engine, image: str | None, args: list[str]) -> int:
        """Make it and print its id."""
        print(self.begin(engine.create, image, args, {}).id)
        return 0
