"""Commands that look into images: ``inspect``, ``history`` and ``verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.completion import images
from cloche_cli.declare import Command, argument, flag, rest, text

if TYPE_CHECKING:
    from cloche.images import Problem, Step

__all__ = ["History", "Inspect", "Verify"]

_TITLES = ("LAYER", "CREATED", "CREATED BY", "SIZE", "COMMENT")
_BY_WIDTH = 45
_PROBLEMS = 1


class Inspect(Command):
    """Print everything known about images, as a JSON array."""

    verb: ClassVar[str] = "inspect"
    platform = text("--platform", value="OS/ARCH", help="Another platform than this machine's.")
    json = flag("--json", help="What happens anyway.")
    images = rest("IMAGE...", required=True, complete=images)

    def __call__(self) -> int:
        """Print those that are here; the others are errors afterwards."""
        from cloche import ClocheError
        from cloche_cli.errors import report
        from cloche_cli.image.documents import whole
        from cloche_cli.output import print_json

        code, found = 0, []
        with self.engine() as engine:
            for name in self.images:
                try:
                    found.append(engine.images.get(name, platform=self.platform))
                except ClocheError as error:
                    code = report(error, self)
        print_json([whole(image) for image in found])
        return code


class History(Command):
    """Say how an image was made, the last step first."""

    verb: ClassVar[str] = "history"
    platform = text("--platform", value="OS/ARCH", help="Another platform than this machine's.")
    quiet = flag("-q", "--quiet", help="Only the digests of the layers.")
    no_trunc = flag("--no-trunc", help="Show digests and commands whole.")
    json = flag("--json", help="Print a JSON array.")
    image = argument("IMAGE", complete=images)

    def __call__(self) -> int:
        """Print the steps, with the compressed size of the layer that each has made."""
        with self.engine() as engine:
            steps = engine.images.history(self.image, platform=self.platform)
        if self.json:
            from cloche_cli.image.documents import step
            from cloche_cli.output import print_json

            print_json([step(made) for made in steps])
        elif self.quiet:
            for made in steps:
                if made.layer:
                    print(self._layer(made))
        else:
            from cloche_cli.output import print_table

            print_table(_TITLES, map(self._row, steps))
        return 0

    def _layer(self, made: Step) -> str:
        from cloche_cli.words import short

        if made.layer is None:
            return "-"
        return made.layer if self.no_trunc else short(made.layer)

    def _row(self, made: Step) -> list[str]:
        from cloche_cli.image.documents import moment
        from cloche_cli.words import ago, printable, size

        by = printable(" ".join((made.created_by or "").split()))
        if len(by) > _BY_WIDTH and not self.no_trunc:
            by = by[: _BY_WIDTH - 1] + "…"
        created = ago(moment(made.created))
        return [self._layer(made), created, by, size(made.size), printable(made.comment or "")]


class Verify(Command):
    """Compare all that is kept with its digests.

    What is damaged is thrown away, so that the next pull brings it anew. Exits with 1 if something
    was wrong.
    """

    verb: ClassVar[str] = "verify"
    json = flag("--json", help="Print a JSON array of what is wrong.")

    def __call__(self) -> int:
        """Print what is wrong, and what to do about it."""
        with self.engine() as engine:
            problems = engine.images.verify()
        if self.json:
            from cloche_cli.output import print_json

            print_json([_document(problem) for problem in problems])
        else:
            _print(problems)
        return _PROBLEMS if problems else 0


def _print(problems: list[Problem]) -> None:
    from cloche_cli.words import printable

    for problem in problems:
        print(printable(problem.message))
        print(f"hint: {printable(problem.remedy)}")


def _document(problem: Problem) -> dict[str, object]:
    return {
        "message": problem.message,
        "remedy": problem.remedy,
        "where": problem.where,
        "digest": problem.digest,
    }
