"""Commands that show containers: ``ps`` and ``inspect``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.completion import all_containers
from cloche_cli.declare import Command, flag, many, rest

if TYPE_CHECKING:
    from cloche import Details

__all__ = ["Inspect", "Ps"]

_COMMAND_WIDTH = 30


class Ps(Command):
    """List the running containers, the newest first."""

    verb: ClassVar[str] = "ps"
    all = flag("-a", "--all", help="Those that have ended, too.")
    quiet = flag("-q", "--quiet", help="Only the ids.")
    filter = many(
        "-f",
        "--filter",
        value="KEY=VALUE",
        help="Only those whose id, name, label, status, exited or ancestor fits.",
    )
    no_trunc = flag("--no-trunc", help="Show ids and commands whole.")
    json = flag("--json", help="Print a JSON array.")

    def __call__(self) -> int:
        """Print them."""
        from cloche_cli.filters import read_filters

        fits = read_filters(self.filter)
        with self.engine() as engine:
            everything = engine.list(all=self.all or fits.about_the_past)
            found = [d for container in everything if fits(d := container.inspect())]
        found.reverse()
        self._print(found)
        return 0

    def _print(self, found: list[Details]) -> None:
        if self.quiet:
            for details in found:
                print(self._id(details))
        elif self.json:
            _print_json(found)
        else:
            from cloche_cli.output import print_table

            print_table(_TITLES, map(self._row, found))

    def _id(self, details: Details) -> str:
        return details.id if self.no_trunc else details.id[:12]

    def _row(self, details: Details) -> list[str]:
        import shlex

        from cloche_cli.words import ago, printable, status

        command = printable(shlex.join(details.args))
        if len(command) > _COMMAND_WIDTH and not self.no_trunc:
            command = command[: _COMMAND_WIDTH - 1] + "…"
        named = details.name if details.name != details.id else ""
        image, created = printable(details.image or ""), ago(details.created)
        return [self._id(details), named, image, command, created, status(details)]


_TITLES = ("ID", "NAME", "IMAGE", "COMMAND", "CREATED", "STATUS")


class Inspect(Command):
    """Print everything known about containers, as a JSON array."""

    verb: ClassVar[str] = "inspect"
    json = flag("--json", help="What happens anyway.")
    containers = rest("CONTAINER...", required=True, complete=all_containers)

    def __call__(self) -> int:
        """Print those that exist; the others are errors afterwards."""
        from cloche import ClocheError
        from cloche_cli.errors import report

        code, found = 0, []
        with self.engine() as engine:
            for name in self.containers:
                try:
                    found.append(engine.get(name).inspect())
                except ClocheError as error:
                    code = report(error, self)
        _print_json(found)
        return code


def _print_json(found: list[Details]) -> None:
    from dataclasses import asdict

    from cloche_cli.output import print_json

    print_json([asdict(details) for details in found])
