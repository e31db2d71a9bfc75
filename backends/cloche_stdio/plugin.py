"""What this package offers to Cloche."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cloche import hookimpl
from cloche.probe import Supported
from cloche.stdio import StdioDescriptor, StdioDriver

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.probe import Verdict
    from cloche.runtime import BackendContext

_SCORE = 50


@hookimpl
def cloche_stdio_drivers() -> list[StdioDescriptor]:
    """Offer the four drivers that work everywhere; on Windows consoles, too.

    Elsewhere terminals are devices of the system, and whoever makes them offers a driver for them.
    """
    drivers = [
        _descriptor("inherit", _open_inherit),
        _descriptor("null", _open_null),
        _descriptor("pipe", _open_pipe),
        _descriptor("file", _open_file),
    ]
    return [*drivers, _console()] if sys.platform == "win32" else drivers


def _descriptor(name: str, open_driver: Callable[[BackendContext], StdioDriver]) -> StdioDescriptor:
    return StdioDescriptor(
        name=name,
        ceiling=_SCORE,
        forms=frozenset({"fd"}),
        terminal=False,
        probe=_probe,
        open=open_driver,
    )


def _probe(_argument: str | None) -> Verdict:
    return Supported(_SCORE)


def _console() -> StdioDescriptor:
    return StdioDescriptor(
        name="console",
        ceiling=_SCORE,
        forms=frozenset({"pipe"}),
        terminal=True,
        probe=_probe,
        open=_open_console,
    )


def _open_inherit(_context: BackendContext) -> StdioDriver:
    from cloche_stdio.inherit import InheritDriver

    return InheritDriver()


def _open_null(_context: BackendContext) -> StdioDriver:
    from cloche_stdio.null import NullDriver

    return NullDriver()


def _open_pipe(_context: BackendContext) -> StdioDriver:
    from cloche_stdio.pipe import PipeDriver

    return PipeDriver()


def _open_file(_context: BackendContext) -> StdioDriver:
    from cloche_stdio.file import FileDriver

    return FileDriver()


def _open_console(_context: BackendContext) -> StdioDriver:
    from cloche_stdio.console import ConsoleDriver

    return ConsoleDriver()
