"""``cloche exec``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.completion import running_containers
from cloche_cli.declare import Command, argument, many, rest
from cloche_cli.sections import Environment, Streams
from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from typing import Any

    from cloche import Container, ExecOptions, Process
    from cloche.parameters import ProcessOptions

__all__ = ["Exec"]


class Exec(Streams, Environment, Command):
    """Run a further command in a running container.

    Whoever started the container, and in whichever terminal. Options end at CONTAINER: what follows
    is the command's.
    """

    verb: ClassVar[str] = "exec"
    ends_at_argument: ClassVar[bool] = True
    cap_add = many("--cap-add", value="CAP", help="Add a capability to the container's.")
    container = argument("CONTAINER", complete=running_containers)
    words = rest("COMMAND...", required=True)

    def __call__(self) -> int:
        """Run it; returns its exit code."""
        from cloche_cli.foreground import attend, explain

        args = self.words[1:] if self.words[0] == "--" else self.words
        if not args:
            raise UsageError("exec: COMMAND is missing")
        with self.engine() as engine:
            container = engine.get(self.container)
            ending = attend(self, lambda streams: self._start(container, args, streams))
        explain(ending, args[0], timeout=self.timeout, memory=None)
        return ending.exit_code

    def _start(
        self, container: Container[Any], args: list[str], streams: ProcessOptions
    ) -> Process[Any]:
        options: ExecOptions = {
            **streams,
            "env": self.variables(),
            "user": self.user,
            "workdir": self.workdir,
            "cap_add": self.cap_add,
        }
        return container.exec(args, **options)
