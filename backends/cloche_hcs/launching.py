"""Processes let run in a system; what can't be run is said as a shell would say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cloche.errors import ClocheError, CommandFailed
from cloche_hcs.deadline import Deadline
from cloche_hcs.document import process_parameters
from cloche_hcs.document.quoting import command_line
from cloche_hcs.hresult import NOT_SUPPORTED, HResult

if TYPE_CHECKING:
    from cloche.exit import Exit
    from cloche.spec import Process
    from cloche.stdio import Size
    from cloche_hcs.process import ComputeProcess
    from cloche_hcs.system import ComputeSystem

__all__ = ["launch"]

_NOT_FOUND: Final = frozenset({HResult.ERROR_FILE_NOT_FOUND, HResult.ERROR_PATH_NOT_FOUND})
#: What CreateProcess answers: access denied, no program for this machine (193, 216), no such
#: directory to work in (267), needs elevation (740), blocked by a policy (1260).
_UNRUNNABLE: Final = frozenset(
    {
        HResult.ERROR_ACCESS_DENIED,
        0x800700C1,
        0x800700D8,
        0x8007010B,
        0x800702E4,
        0x800704EC,
    }
)
#: What may be answered where there is no input to be ended, for no pipe was made.
_NO_INPUT: Final = NOT_SUPPORTED | {HResult.ERROR_INVALID_HANDLE}
#: Seconds that a process gets to be gone of which nothing may be left.
_ABANDON: Final = 10.0


def launch(
    system: ComputeSystem,
    process: Process,
    *,
    operation: str,
    cwd: str,
    pipes: tuple[bool, bool, bool],
    terminal: Size | None,
    exit: Exit | None = None,
) -> ComputeProcess:
    """Run a process; nothing is left of one that fails.

    ``exit`` is an ending that is waited for already. Raises CommandFailed (126, 127) for a program
    that can't be run.
    """
    parameters = process_parameters(process, cwd=cwd, pipes=pipes, terminal=terminal)
    try:
        made = system.create_process(parameters, terminal=terminal is not None, exit=exit)
    except ClocheError as error:
        code = getattr(error, "code", None)
        if error.operation == "HcsCreateProcess" and code in _NOT_FOUND | _UNRUNNABLE:
            raise _failed(process, operation, system.id, found=code in _UNRUNNABLE) from error
        raise
    if not pipes[0]:
        _end_input(made)
    return made


def _end_input(process: ComputeProcess) -> None:
    """Nothing will come: a process that reads must not wait for it."""
    try:
        process.close_stdin()
    except BaseException as error:
        if getattr(error, "code", None) in _NO_INPUT:
            return
        process.abandon(Deadline(_ABANDON))
        raise


def _failed(process: Process, operation: str, container: str, *, found: bool) -> CommandFailed:
    program = process.args[0] if process.args else command_line(process)
    return CommandFailed(
        f"{program}: it can't be run" if found else f"command not found: {program}",
        exit_code=126 if found else 127,
        operation=operation,
        container=container,
        backend="hcs",
    )
