"""Commands that talk with registries: ``pull`` and ``push``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.completion import images
from cloche_cli.declare import Command, argument, flag, rest, text
from cloche_cli.progress import choose

if TYPE_CHECKING:
    from cloche import Engine
    from cloche_cli.progress.display import Display

__all__ = ["Pull", "Push"]


class Showing:
    """What is seen"""

    quiet = flag("-q", "--quiet", help="Print only the digest.")
    json = flag("--json", help="Print what happens as JSON, a line for each event.")

    def progress(self) -> Display:
        """Show events as was asked for."""
        return choose(quiet=self.quiet, json=self.json)

    def told(self, name: str, digest: str) -> None:
        """Print what is there now: something that can be run or pulled again."""
        if self.json:
            from cloche_cli.output import json_line

            print(json_line({"image": name, "digest": digest}), end="")
        else:
            print(digest if self.quiet else f"{name}@{digest}", flush=True)


class Pull(Showing, Command):
    """Fetch images from registries, and keep them.

    A name without a registry is one of docker.io. NAME@sha256:… is what has this digest, and
    nothing else.
    """

    verb: ClassVar[str] = "pull"
    platform = text("--platform", value="OS/ARCH", help="Another platform than this machine's.")
    names = rest("NAME...", required=True, complete=images)

    def __call__(self) -> int:
        """Fetch one after the other, and print what came."""
        with self.engine() as engine:
            for name in self.names:
                self._pull(engine, name)
        return 0

    def _pull(self, engine: Engine, name: str) -> None:
        with self.progress() as display:
            image = engine.images.pull(name, platform=self.platform, report=display.report)
        self.told(image.name or name.partition("@")[0], image.digest)


class Push(Showing, Command):
    """Send an image to the registry of its name, or of another.

    DESTINATION is what it is called there, if not NAME.
    """

    verb: ClassVar[str] = "push"
    image = argument("NAME", complete=images)
    destination = argument("[DESTINATION]", required=False)

    def __call__(self) -> int:
        """Send it, and print its digest."""
        destination = self.destination or None
        with self.engine() as engine, self.progress() as display:
            sent = engine.images.push(self.image, destination, report=display.report)
        self.told((destination or self.image).partition("@")[0], sent.digest)
        return 0
