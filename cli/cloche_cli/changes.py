"""What a container has changed in its root: ``diff`` and ``commit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.completion import all_containers
from cloche_cli.declare import Command, argument, flag, many, text

if TYPE_CHECKING:
    from cloche.layers import Change

__all__ = ["Commit", "Diff"]


class Diff(Command):
    """List what a container has changed in its root.

    What was added (A), changed (C), and deleted (D).
    """

    verb: ClassVar[str] = "diff"
    json = flag("--json", help="Print a JSON array.")
    container = argument("CONTAINER", complete=all_containers)

    def __call__(self) -> int:
        """Print a line for each path."""
        with self.engine() as engine:
            changes = list(engine.get(self.container).changes())
        if self.json:
            from cloche_cli.output import print_json

            print_json([{"path": each.path, "kind": each.kind.value} for each in changes])
            return 0
        for change in changes:
            print(_line(change))
        return 0


class Commit(Command):
    """Make an image of what a container has changed.

    It lies on top of the image that the container was made from. The container is paused meanwhile,
    so that nothing is half written.
    """

    verb: ClassVar[str] = "commit"
    author = text("-a", "--author", value="NAME", help="Say who did it.")
    message = text("-m", "--message", value="TEXT", help="Say what was done.")
    change = many(
        "-c", "--change", value="INSTRUCTION", help="CMD, ENTRYPOINT, ENV, LABEL, USER, WORKDIR, …."
    )
    pause = flag("-p", "--pause", help="Pause it: the default; --pause=false doesn't.")
    container = argument("CONTAINER", complete=all_containers)
    name = argument("[NAME]", required=False)

    def __call__(self) -> int:
        """Make it, and print its digest."""
        with self.engine() as engine:
            image = engine.images.commit(
                engine.get(self.container),
                self.name or None,
                author=self.author,
                message=self.message,
                changes=self.change,
                pause=self.pause if "pause" in self.values else True,
            )
        print(image.digest)
        return 0


def _line(change: Change) -> str:
    """Docker's letters; a name that would move the cursor is shown without doing so."""
    from cloche_cli.words import printable

    return f"{_LETTERS[change.kind.value]} {printable(change.path)}"


_LETTERS = {"added": "A", "modified": "C", "deleted": "D"}
