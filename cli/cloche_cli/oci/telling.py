"""Messages: for people on stderr, for programs in the log, each in the form that was asked for."""

from __future__ import annotations

import os
import sys
import time

from cloche.errors import ClocheError, CommandFailed, InvalidSpec, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche_cli.oci.flags import Typed

__all__ = ["check_log", "fail", "warn"]

_INTERRUPTED = 130
#: Paths that are no flag's.
_OF_DOCUMENTS = ("hooks", "linux.", "mounts[", "process.", "root.")


def check_log(typed: Typed) -> None:
    """Refuse a log that can't be written, before anything is done that it would tell of."""
    form, path = typed.text("log-format"), typed.text("log")
    if form not in (None, "text", "json"):
        raise InvalidSpec(f"--log-format: {form!r} is neither text nor json", path="log-format")
    if path is None:
        return
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644))
    except OSError as error:
        raise _NoLog(f"--log {path}: {error.strerror}") from error


class _NoLog(Unavailable):
    """The log itself can't be written: of that nothing is written there."""


def fail(error: BaseException, typed: Typed, code: int | None = None) -> int:
    """Tell an error, and give ``code`` or the one for it; what nobody foresaw is told, too."""
    if isinstance(error, BrokenPipeError):
        return 1
    message = _words(error)
    if not isinstance(error, _NoLog):
        _log(typed, "error", message)
    sys.stderr.write(f"cloche: {message}\n")
    if isinstance(error, ClocheError) and error.hint and typed.text("log") is None:
        # What a variable says to other commands, a flag says here.
        sys.stderr.write(f"hint: {error.hint.replace('CLOCHE_ROOT', '--root')}\n")
    if typed.switch("debug") and not isinstance(error, ClocheError):
        import traceback

        traceback.print_exception(error)
    return _code(error) if code is None else code


def warn(message: str, typed: Typed) -> None:
    """Tell something that went wrong and stops nothing."""
    _log(typed, "warning", message)
    if typed.text("log") is None:
        sys.stderr.write(f"cloche: warning: {message}\n")


def _words(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if not isinstance(error, ClocheError):
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    message = " ".join(str(error).split())
    path = (error.path or "") if isinstance(error, InvalidSpec) else ""
    told = message.startswith(path) or not path.startswith(_OF_DOCUMENTS)
    return message if told else f"{path}: {message}"


def _code(error: BaseException) -> int:
    if isinstance(error, CommandFailed):
        return error.exit_code
    return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def _log(typed: Typed, level: str, message: str) -> None:
    path = typed.text("log")
    if path is None:
        return
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(_line(typed.text("log-format"), level, message))
    except OSError as error:
        sys.stderr.write(f"cloche: --log {path}: {error.strerror}\n")


def _line(form: str | None, level: str, message: str) -> str:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if form == "json":
        from json import dumps

        return dumps({"level": level, "msg": message, "time": now}) + "\n"
    quoted = message.replace("\\", "\\\\").replace('"', '\\"')
    return f'time="{now}" level={level} msg="{quoted}"\n'
