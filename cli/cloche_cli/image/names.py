"""Commands about what is kept here, and how it is called: ``tag``, ``rmi`` and ``prune``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar

from cloche_cli.completion import images
from cloche_cli.declare import Command, argument, flag, rest
from cloche_cli.errors import report

if TYPE_CHECKING:
    from cloche import Engine

__all__ = ["Prune", "Remove", "Tag"]


class Tag(Command):
    """Give an image a further name."""

    verb: ClassVar[str] = "tag"
    image = argument("IMAGE", complete=images)
    name = argument("NAME")

    def __call__(self) -> int:
        """Give it; a name that was another image's is this one's then."""
        with self.engine() as engine:
            engine.images.tag(self.image, self.name)
        return 0


class Remove(Command):
    """Remove names of images, and what no other name holds.

    What a container uses stays until it is gone, too.
    """

    verb: ClassVar[str] = "rmi"
    force = flag("-f", "--force", help="Even if a container uses it; a missing one is no error.")
    images = rest("IMAGE...", required=True, complete=images)

    def __call__(self) -> int:
        """Remove each, whatever becomes of the others; print what is gone: names, digests."""
        code = 0
        with self.engine() as engine:
            for name in self.images:
                try:
                    print(*self._one(engine, name), sep="\n", flush=True)
                except Exception as error:  # noqa: BLE001 - told now; the others have their turn
                    code = report(error, self)
        return code

    def _one(self, engine: Engine, name: str) -> list[str]:
        from cloche import ImageError, InvalidState

        try:
            return engine.images.remove(name, force=self.force)
        except ImageError:
            if not self.force:
                raise
            return [name]
        except InvalidState as error:
            error.hint = error.hint and error.hint.replace("use force", f"cloche rmi -f {name}")
            raise


class Prune(Command):
    """Remove what no name holds.

    Images whose name another has taken, and what is left of pulls. What a container uses stays.
    """

    verb: ClassVar[str] = "prune"
    all = flag("-a", "--all", help="Images too that have names, and no container.")
    force = flag("-f", "--force", help="Don't ask.")

    def __call__(self) -> int:
        """Remove it, and say how much it was; with --all a person is asked first."""
        from cloche_cli.words import size

        if self.all and not self.force and sys.stdin.isatty() and not _agreed():
            return 1
        with self.engine() as engine:
            collected = engine.images.prune(all=self.all)
        for digest in collected.removed:
            print(digest)
        print(f"freed {size(collected.freed)}")
        return 0


def _agreed() -> bool:
    print("Remove every image that no container uses? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
