"""``cloche images``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.completion import images
from cloche_cli.declare import Command, argument, flag, many

if TYPE_CHECKING:
    from cloche.images import Image

__all__ = ["Images"]

_TITLES = ("NAME", "DIGEST", "PLATFORM", "CREATED", "SIZE")


class Images(Command):
    """List the images that are kept here.

    With NAME those of one repository.
    """

    verb: ClassVar[str] = "images"
    all = flag("-a", "--all", help="Every one: what happens anyway.")
    quiet = flag("-q", "--quiet", help="Only the digests.")
    filter = many(
        "-f",
        "--filter",
        value="KEY=VALUE",
        help="Only those whose reference, label or dangling fits.",
    )
    no_trunc = flag("--no-trunc", help="Show digests whole.")
    digests = flag("--digests", help="Show digests: what happens anyway.")
    json = flag("--json", help="Print a JSON array.")
    name = argument("[NAME]", required=False, complete=images)

    def __call__(self) -> int:
        """Print them, the newest first."""
        from cloche_cli.image.filters import read_filters

        named = [f"reference={self.name}"] if self.name else []
        fits = read_filters([*self.filter, *named])
        with self.engine() as engine:
            found = [image for image in engine.images.list() if fits(image)]
        self._print(sorted(found, key=_age))
        return 0

    def _print(self, found: list[Image]) -> None:
        if self.quiet:
            for digest in dict.fromkeys(map(self._digest, found)):
                print(digest)
        elif self.json:
            from cloche_cli.image.documents import summary
            from cloche_cli.output import print_json

            print_json([summary(image) for image in found])
        else:
            from cloche_cli.output import print_table

            print_table(_TITLES, map(self._row, found))

    def _digest(self, image: Image) -> str:
        from cloche_cli.words import short

        return image.digest if self.no_trunc else short(image.digest)

    def _row(self, image: Image) -> list[str]:
        from cloche_cli.image.documents import moment
        from cloche_cli.words import ago, printable, size

        name, created = printable(image.name or ""), ago(moment(image.created))
        return [name, self._digest(image), str(image.platform), created, size(image.size)]


def _age(image: Image) -> float:
    from cloche_cli.image.documents import moment

    return -(moment(image.created) or 0.0)
