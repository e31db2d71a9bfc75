"""Errors as one line and a hint on stderr, and the exit code that goes with each."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Container

    from cloche import ClocheError
    from cloche_cli.declare import Command

__all__ = ["OWN_FAILURE", "report", "say", "show_warning"]

#: Our own failures, as docker has it; 126, 127 and the others are the command's.
OWN_FAILURE = 125
_INTERRUPTED = 130
_BROKEN_PIPE = 141


def report(error: BaseException, command: Command | None) -> int:
    """Tell what went wrong, in the words of the command; returns the code to exit with."""
    _flush_output()
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else OWN_FAILURE
    if any(isinstance(e, OSError) and _reader_has_gone(e) for e in (error, error.__cause__)):
        return _BROKEN_PIPE
    if command is not None and command.debug:
        import traceback

        traceback.print_exception(error)
    return _tell(error, command.options if command is not None else ())


def say(message: str, hint: str | None = None) -> None:
    """Print a line, and a hint if there is one; a closed stderr is nobody to tell.

    Names of files in a container may be in it, so it can't move the cursor or begin a line.
    """
    from cloche_cli.words import printable

    told = [f"cloche: {message}", *([f"hint: {hint}"] if hint else [])]
    lines = "".join(f"{printable(line)}\n" for line in told)
    try:
        sys.stderr.write(lines)
        sys.stderr.flush()
    except OSError:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - the last flush goes there


def show_warning(message: Warning | str, *where: object, **how: object) -> None:
    """Print a warning as a line of ours; where in the code it arose is of no use to anybody."""
    say(f"warning: {message}")


def _flush_output() -> None:
    """Let what was printed come before what went wrong."""
    try:
        sys.stdout.flush()
    except OSError:
        return  # its reader has gone, and is told by the exit code


def _tell(error: BaseException, options: Container[str]) -> int:
    if isinstance(error, KeyboardInterrupt):
        return _INTERRUPTED
    if isinstance(error, UsageError):
        say(error.message, error.hint)
        return OWN_FAILURE
    from cloche import ClocheError

    if isinstance(error, ClocheError):
        return _tell_ours(error, options)
    if isinstance(error, OSError):
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return OWN_FAILURE
    say(f"internal error: {type(error).__name__}: {error}", "--debug shows where")
    return OWN_FAILURE


def _tell_ours(error: ClocheError, options: Container[str]) -> int:
    from cloche import CleanupFailed, CommandFailed, InvalidSpec, NotSupported, Unavailable
    from cloche_cli.spelling import as_typed

    about_options = isinstance(error, InvalidSpec | NotSupported | Unavailable)
    say(as_typed(error.message, options) if about_options else error.message, error.hint)
    if isinstance(error, CleanupFailed):
        for problem in error.problems:
            say(f"  {problem}")
    return error.exit_code if isinstance(error, CommandFailed) else OWN_FAILURE


if sys.platform == "win32":

    def _reader_has_gone(error: OSError) -> bool:
        """Say whether it was our reader; the interpreter's last flush is harmless then."""
        import errno

        # The C runtime calls a closed pipe an invalid argument; no file is named by that.
        if error.errno not in (errno.EPIPE, errno.EINVAL) or error.filename is not None:
            return False
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return True

else:

    def _reader_has_gone(error: OSError) -> bool:
        """Say whether it was our reader; the interpreter's last flush is harmless then."""
        import select

        if not isinstance(error, BrokenPipeError):
            return False
        poll = select.poll()
        poll.register(1, 0)
        if not poll.poll(0):
            return False
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return True
