"""Commands that change what containers do: ``start stop kill pause resume rm``, and ``wait``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.completion import all_containers, running_containers, waiting_containers
from cloche_cli.declare import Argument, Command, flag, rest, text
from cloche_cli.errors import report

if TYPE_CHECKING:
    from typing import Any

    from cloche import Container, Engine

__all__ = ["Kill", "Pause", "Remove", "Resume", "Start", "Stop", "Wait"]


class _Each(Command):
    """A command that does the same to each of several containers."""

    containers: Argument[list[str]]

    def __call__(self) -> int:
        """Do it to each, whatever becomes of the others; print those that it worked for."""
        code = 0
        with self.engine() as engine:
            for name in self.containers:
                try:
                    done = self.one(engine, name)
                except Exception as error:  # noqa: BLE001 - told now; the others have their turn
                    code = report(error, self)
                else:
                    print(done, flush=True)
        return code

    def one(self, engine: Engine, name: str) -> str:
        """Do it to one; returns what is printed."""
        self.to(engine.get(name))
        return name

    def to(self, container: Container[Any]) -> None:
        """Do it."""
        raise NotImplementedError


class Start(_Each):
    """Let containers run that cloche create has made.

    They stay when this program has ended.
    """

    verb: ClassVar[str] = "start"
    containers = rest("CONTAINER...", required=True, complete=waiting_containers)

    def to(self, container: Container[Any]) -> None:
        """Let it run."""
        container.start()


class Stop(_Each):
    """Ask containers to end, and after a while force them."""

    verb: ClassVar[str] = "stop"
    timeout = text(
        "-t", "--timeout", "--time", value="TIME", help="How long to wait; default 10 s."
    )
    containers = rest("CONTAINER...", required=True, complete=running_containers)

    def to(self, container: Container[Any]) -> None:
        """Ask, wait, force."""
        container.stop(self.timeout)


class Kill(_Each):
    """Send containers a signal; SIGKILL unless another is named.

    Their first process gets it; SIGKILL ends all their processes.
    """

    verb: ClassVar[str] = "kill"
    signal = text("-s", "--signal", value="SIGNAL", help="Name or number; default SIGKILL.")
    containers = rest("CONTAINER...", required=True, complete=running_containers)

    def to(self, container: Container[Any]) -> None:
        """Send it."""
        container.kill(self.signal or "SIGKILL")


class Pause(_Each):
    """Stop all processes of containers where they are."""

    verb: ClassVar[str] = "pause"
    containers = rest("CONTAINER...", required=True, complete=running_containers)

    def to(self, container: Container[Any]) -> None:
        """Freeze it."""
        container.pause()


class Resume(_Each):
    """Let paused containers run on."""

    verb: ClassVar[str] = "resume"
    containers = rest("CONTAINER...", required=True, complete=running_containers)

    def to(self, container: Container[Any]) -> None:
        """Thaw it."""
        container.resume()


class Wait(_Each):
    """Wait until containers have ended, and print their exit codes."""

    verb: ClassVar[str] = "wait"
    containers = rest("CONTAINER...", required=True, complete=running_containers)

    def one(self, engine: Engine, name: str) -> str:
        """Wait for one; what a shell would call its end is printed."""
        code = engine.get(name).wait()
        return "unknown" if code is None else str(code if code >= 0 else 128 - code)


class Remove(_Each):
    """Remove containers that have ended, with --force others too."""

    verb: ClassVar[str] = "rm"
    force = flag("-f", "--force", help="Kill what runs; one that does not exist is no error.")
    containers = rest("CONTAINER...", required=True, complete=all_containers)

    def one(self, engine: Engine, name: str) -> str:
        """Remove one."""
        from cloche import NotFound

        try:
            engine.get(name).remove(force=self.force)
        except NotFound:
            if not self.force:
                raise
        return name
