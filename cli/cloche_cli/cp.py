"""``cloche cp``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from cloche_cli.completion import running_containers
from cloche_cli.declare import Command, argument, flag
from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from cloche import Engine

__all__ = ["Copy", "End", "read_end"]


class End(NamedTuple):
    """One end of a copy: a path, in a container or (None) on this machine."""

    container: str | None
    path: str

    @property
    def is_stream(self) -> bool:
        """Stdin or stdout, with a tar archive in it."""
        return self == (None, "-")


class Copy(Command):
    """Copy files between a container that runs and this machine.

    One of both is CONTAINER:PATH. A directory that exists gets a copy under the source's own name,
    as with cp -r; DIR/. is what is in DIR. With - for the other end a tar archive is read from
    stdin, or written to stdout.

    No program of the container's is used, and nothing outside its root is reached, whatever links
    it has. Links are copied as links; devices are not copied.
    """

    verb: ClassVar[str] = "cp"
    archive = flag("-a", "--archive", help="Keep owners, by their numbers.")
    follow = flag("-L", "--follow-link", help="Copy what SOURCE points at, if it is a link.")
    quiet = flag("-q", "--quiet", help="Say nothing: what happens anyway.")
    source = argument("SOURCE", complete=running_containers)
    target = argument("TARGET", complete=running_containers)

    def __call__(self) -> int:
        """Copy it."""
        source, target = read_end(self.source), read_end(self.target)
        if (source.container is None) == (target.container is None):
            both = "no containers" if source.container is None else "containers"
            raise UsageError(
                f"cp: both ends are {both}", hint="one of them is CONTAINER:PATH, and only one"
            )
        with self.engine() as engine:
            if source.container is not None:
                self._out(engine, source.container, source.path, target)
            else:
                assert target.container is not None
                self._in(engine, source, target.container, target.path)
        return 0

    def _out(self, engine: Engine, name: str, path: str, target: End) -> None:
        container, path = engine.get(name), _absolute(path)
        if not target.is_stream:
            container.copy_out(path, target.path, owners=self.archive, follow=self.follow)
        elif sys.stdout.isatty():
            raise UsageError("cp: stdout is a terminal", hint="an archive goes to a pipe or file")
        else:
            container.pack(path, sys.stdout.buffer, follow=self.follow)

    def _in(self, engine: Engine, source: End, name: str, path: str) -> None:
        container, path = engine.get(name), _absolute(path)
        if source.is_stream:
            container.unpack(sys.stdin.buffer, path, owners=self.archive)
        else:
            container.copy_in(source.path, path, owners=self.archive, follow=self.follow)


def read_end(text: str) -> End:
    """Read CONTAINER:PATH or PATH; what begins with . or / is a path, and so is a drive."""
    container, colon, path = text.partition(":")
    drive = sys.platform == "win32" and len(container) == 1
    if not colon or not container or text[0] in "./" or "/" in container or drive:
        return End(None, text)
    return End(container, path)


def _absolute(path: str) -> str:
    """Take a path of the container's, as docker does, for one from its root."""
    return path if path.startswith("/") else f"/{path}"
