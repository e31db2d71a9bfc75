"""What the service is told of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .quoting import command_line
from .text import written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.spec import Process
    from cloche.stdio import Size

__all__ = ["process_parameters"]


def process_parameters(
    process: Process,
    *,
    cwd: str = "",
    pipes: tuple[bool, bool, bool] = (False, False, False),
    terminal: Size | None = None,
) -> str:
    """Write the parameters of a process.

    ``cwd`` stands in where the process has no working directory of its own. ``pipes`` says for
    which of stdin, stdout, stderr the service makes one; a terminal has none for stderr.
    """
    stdin, stdout, stderr = pipes
    return written(
        {
            "ApplicationName": "",
            "CommandLine": command_line(process),
            "User": process.user.username or "",
            "WorkingDirectory": process.cwd or cwd,
            "Environment": environment(process.env or ()),
            "EmulateConsole": terminal is not None,
            "CreateStdInPipe": stdin,
            "CreateStdOutPipe": stdout,
            "CreateStdErrPipe": stderr and terminal is None,
            "ConsoleSize": [0, 0] if terminal is None else [terminal.height, terminal.width],
        }
    )


def environment(variables: Iterable[str]) -> dict[str, str]:
    """Take ``NAME=value`` apart: the last of a name counts, and what has no ``=`` does not.

    Names that differ in case only are left to the service, and so is the empty name, under which
    Windows keeps the working directories of drives (``=C:=C:\\w``).
    """
    pairs = (variable.partition("=") for variable in variables)
    return {name: value for name, equals, value in pairs if equals}
