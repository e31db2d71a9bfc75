"""Further processes in a container, as users start them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from cloche.executing import Place
    from cloche.parameters import ExecOptions, ExecRunOptions
    from cloche.process import Process
    from cloche.result import Result
    from cloche.spec import Process as Document

__all__ = ["Commands"]


class Commands:
    """The methods of ``Container`` that execute something in it."""

    __slots__ = ()

    @abstractmethod
    def place(self) -> Place:
        """What executing something here needs to know; InvalidState unless it is running."""

    @overload
    def exec(
        self, args: Sequence[str] | Document, *, text: Literal[True], **options: Unpack[ExecOptions]
    ) -> Process[str]: ...
    @overload
    def exec(
        self,
        args: Sequence[str] | Document,
        *,
        text: Literal[False] | None = None,
        **options: Unpack[ExecOptions],
    ) -> Process[bytes]: ...
    def exec(
        self,
        args: Sequence[str] | Document,
        *,
        text: bool | None = None,
        **options: Unpack[ExecOptions],
    ) -> Process[Any]:
        """Run a further process in it and return at once; it has the container's settings.

        A whole process (``cloche.spec.Process``) is executed as it is, with nothing of those.
        Raises InvalidState if the container is not running, CommandFailed (126, 127) if the program
        can't be run.
        """
        from cloche.executing import ask_for, execute
        from cloche.options import EXEC
        from cloche.process import Process

        asked = ask_for("exec", args, {**options, "text": text}, EXEC)
        process, streams = execute(self.place(), asked)
        return Process(asked.args, process, streams, text=asked.text)

    @overload
    def run(
        self,
        args: Sequence[str] | Document,
        *,
        text: Literal[True],
        **options: Unpack[ExecRunOptions],
    ) -> Result[str]: ...
    @overload
    def run(
        self,
        args: Sequence[str] | Document,
        *,
        text: Literal[False] | None = None,
        **options: Unpack[ExecRunOptions],
    ) -> Result[bytes]: ...
    def run(
        self,
        args: Sequence[str] | Document,
        *,
        text: bool | None = None,
        **options: Unpack[ExecRunOptions],
    ) -> Result[Any]:
        """Run a further process in it and wait for its end; otherwise as ``cloche.run``."""
        from cloche.executing import ask_for, run
        from cloche.options import EXEC_RUN

        asked = ask_for("run", args, {**options, "text": text}, EXEC_RUN)
        return run(self.place(), asked)
