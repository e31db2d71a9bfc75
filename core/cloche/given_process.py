"""Processes that callers give as OCI documents, and what may be said beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloche.errors import InvalidSpec
from cloche.request import ask
from cloche.spec import Box
from cloche.stdio import Size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.request import Asked
    from cloche.spec import Process

__all__ = ["ask_by_process", "command_of", "with_terminal"]


def ask_by_process(
    verb: str, process: Process, options: Mapping[str, Any], known: Mapping[str, Any]
) -> Asked:
    """Check the parameters beside a process; InvalidSpec for those that it says itself."""
    asked = ask(verb, None, options, known, by_document=True)
    for name in ("env", "user", "workdir", "cap_add"):
        if name in asked.__dict__:
            raise InvalidSpec(f"{name}: the process itself says that", path=name)
    asked.process = with_terminal(process, asked)
    asked.args = command_of(process)
    return asked


def command_of(process: Process) -> tuple[str, ...]:
    """Tell the command, to show it; a command line is one word."""
    return process.args or tuple(filter(None, [process.command_line]))


def with_terminal(process: Process, asked: Asked) -> Process:
    """Give it the terminal that is asked for; where nobody says, it says so itself."""
    if "tty" not in asked.__dict__:
        asked.tty = _window(process)
        return process
    size = asked.tty and Box(height=asked.tty.height, width=asked.tty.width)
    return process.replace(terminal=size is not None, console_size=size)


def _window(process: Process) -> Size | None:
    box = process.console_size
    if not process.terminal:
        return None
    return Size(80, 24) if box is None else Size(box.width, box.height)
