"""An image for a run: fetched first where it must be, and named in what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cloche import ClocheError, CommandFailed, ImageError, InvalidSpec
from cloche_cli.progress import choose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloche import Engine

    T = TypeVar("T")

__all__ = ["Wanted"]

_MISSING = 127


class Wanted(NamedTuple):
    """What was typed about an image."""

    name: str
    #: The words after it.
    args: Sequence[str]
    platform: str | None
    #: ``always``, ``missing`` or ``never``.
    policy: str
    quiet: bool

    def run(self, engine: Engine, go: Callable[[], T]) -> T:
        """Do what needs the image, which asks no registry itself; what is seen goes to stderr.

        An image that is here costs nothing: only if ``go`` does not find it, it is fetched and
        ``go`` is done again. What goes wrong is told by the image's name.
        """
        if self.policy == "always":
            self._fetch(engine)
        try:
            return self._told(go)
        except ImageError:
            if self.policy != "missing" or self._is_here(engine):
                raise
        self._fetch(engine)
        return self._told(go)

    def _fetch(self, engine: Engine) -> None:
        try:
            with choose(quiet=self.quiet) as display:
                engine.images.pull(self.name, platform=self.platform, report=display.report)
        except ClocheError as error:
            self._hint(error)
            raise

    def _is_here(self, engine: Engine) -> bool:
        try:
            engine.images.get(self.name, platform=self.platform)
        except ImageError:
            return False
        return True

    def _told(self, go: Callable[[], T]) -> T:
        try:
            return go()
        except ImageError as error:
            self._hint(error)
            raise
        except InvalidSpec as error:
            if error.path == "args":
                error.message = f"{self.name} names no command"
                error.hint = f"cloche run … {self.name} COMMAND, or --idle"
            raise
        except CommandFailed as error:
            if error.exit_code == _MISSING:
                what, colon, name = error.message.partition(": ")
                error.message = f"{what} in {self.name}{colon}{name}"
            raise

    def _hint(self, error: ClocheError) -> None:
        """Perhaps it was no image that was meant."""
        import shlex
        import shutil

        if shutil.which(self.name):
            if not isinstance(error, ImageError):
                error.message = f"image not found: {self.name} ({error.message})"
            words = shlex.join([self.name, *self.args])
            error.hint = f"a program of this machine: cloche run -- {words}"
