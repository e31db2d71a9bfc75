"""Check single parameters: each function takes a parameter's name and value, and normalises."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cloche.errors import InvalidSpec, NotSupported
from cloche.quantities import integer
from cloche.signals import signal_number
from cloche.stdio import Size, StreamTarget

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "absolute",
    "boolean",
    "choice",
    "command",
    "contents",
    "descriptors",
    "directory",
    "environment",
    "mode",
    "pairs",
    "signal",
    "stream",
    "strings",
    "text",
    "to_bytes",
    "whole",
    "window",
]

#: By these names Windows knows its named pipes.
_NAMED_PIPES = "\\\\.\\pipe\\"
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_VARIABLE = re.compile(r"[^=\0]+")


def wrong(parameter: str, value: object, what: str, hint: str | None = None) -> InvalidSpec:
    """Make the error for a value that is not ``what`` it must be."""
    return InvalidSpec(f"{parameter}: {value!r} is not {what}", path=parameter, hint=hint)


def text(parameter: str, value: object) -> str:
    """Read a string that is not empty and holds no NUL."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str) or not value or "\0" in value:
        raise wrong(parameter, value, "a string that says something")
    return value


def boolean(parameter: str, value: object) -> bool:
    """Read True or False, and nothing that merely looks true."""
    if not isinstance(value, bool):
        raise wrong(parameter, value, "True or False")
    return value


def absolute(parameter: str, value: object) -> str:
    """Read an absolute path in the container."""
    path = text(parameter, value)
    if not path.startswith("/"):
        raise wrong(parameter, value, "an absolute path in the container")
    return path


def directory(parameter: str, value: object) -> str:
    """Read an absolute path in the container, or one with a drive, as Windows has them."""
    path = text(parameter, value)
    return path if _DRIVE.match(path) else absolute(parameter, path)


def choice(*words: str) -> Callable[[str, object], str]:
    """Make a check for one of a few words."""

    def check(parameter: str, value: object) -> str:
        if value not in words:
            raise wrong(parameter, value, f"one of {', '.join(words)}")
        return str(value)

    return check


def whole(low: int, high: int) -> Callable[[str, object], int]:
    """Make a check for a whole number between two others."""
    return lambda parameter, value: integer(parameter, value, low, high)


def command(parameter: str, value: object) -> tuple[str, ...]:
    """Read a list of arguments; a string is refused with both ways to write it."""
    if isinstance(value, str | bytes):
        line = os.fsdecode(value)
        raise InvalidSpec(
            f"{parameter} must be a list of strings, not the string {line!r}",
            path=parameter,
            hint=f'{line.split()!r}, or ["sh", "-c", {line!r}] for a shell to take it apart',
        )
    if not isinstance(value, Sequence):
        raise wrong(parameter, value, "a list of strings")
    return tuple([_argument(parameter, word) for word in value])


def _argument(parameter: str, word: object) -> str:
    if isinstance(word, os.PathLike):
        word = os.fspath(word)
    if isinstance(word, bytes):
        word = os.fsdecode(word)
    if not isinstance(word, str):
        raise wrong(parameter, word, "a string", f"write it as {str(word)!r}")
    if "\0" in word:
        raise wrong(parameter, word, "an argument: it holds a NUL")
    return word


def strings(parameter: str, value: object) -> tuple[str, ...]:
    """Read a list of strings; one alone is refused, for it would be taken letter by letter."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise wrong(parameter, value, "a list of strings")
    return tuple(text(parameter, str(item) if isinstance(item, int) else item) for item in value)


def pairs(parameter: str, value: object) -> dict[str, str]:
    """Read names and values: a mapping, or a list of ``NAME=value``."""
    if isinstance(value, Mapping):
        return {text(parameter, name): str(item) for name, item in value.items()}
    found = (item.partition("=") for item in strings(parameter, value))
    return {name: item for name, _, item in found}


def environment(parameter: str, value: object) -> dict[str, str]:
    """Read variables by docker's rules: one without a value is taken over from the caller."""
    asked: Mapping[object, object]
    if isinstance(value, Mapping):
        asked = value
    else:
        split = (item.partition("=") for item in strings(parameter, value))
        asked = {name: item if equals else None for name, equals, item in split}
    given: dict[str, str] = {}
    for name, item in asked.items():
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            raise wrong(parameter, name, "a variable's name")
        inherited = os.environ.get(name) if item is None else item
        if inherited is not None:
            given[name] = _variable(parameter, name, inherited)
    return given


def _variable(parameter: str, name: str, value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        # The value itself may be a secret, so the error does not show it.
        raise InvalidSpec(
            f"{parameter}: {name} must be a string without NUL, not {type(value).__name__}",
            path=parameter,
        )
    return value


def signal(parameter: str, value: object) -> int:
    """Read a signal by name or number."""
    try:
        return signal_number(value)  # type: ignore[arg-type]
    except ValueError:
        raise wrong(parameter, value, "a signal", "SIGTERM, TERM or 15") from None


def mode(parameter: str, value: object) -> int:
    """Read permission bits: a number, or octal digits."""
    if isinstance(value, str) and re.fullmatch("(0o)?[0-7]{1,4}", value):
        return int(value, 8)
    if isinstance(value, str):
        raise wrong(parameter, value, "a number in octal digits", "022")
    return integer(parameter, value, 0, 0o7777)


def window(parameter: str, value: object) -> Size | None:
    """Read whether a terminal is wanted, and of what size."""
    if isinstance(value, bool):
        return Size(80, 24) if value else None
    if not isinstance(value, tuple) or len(value) != 2:
        raise wrong(parameter, value, "True or (width, height)")
    return Size(*(integer(parameter, number, 1, 0xFFFF) for number in value))


def descriptors(parameter: str, value: object) -> tuple[int, ...]:
    """Read open descriptors."""
    if not isinstance(value, Sequence):
        raise wrong(parameter, value, "a list of descriptors")
    for fd in value:
        try:
            os.fstat(fd)
        except (OSError, TypeError, OverflowError):
            raise wrong(parameter, fd, "an open descriptor") from None
    return tuple(value)


def stream(parameter: str, value: Any) -> StreamTarget | int:
    """Read where a stream goes: constants as they are, descriptors, files and pipes as targets."""
    if isinstance(value, StreamTarget):
        return value
    if isinstance(value, bool):
        raise wrong(parameter, value, "a stream")
    if isinstance(value, int) and -3 <= value < 0:
        return value
    if _is_named_pipe(value):
        return StreamTarget(driver="npipe", argument=value)
    try:
        fd = value if isinstance(value, int) else value.fileno()
        os.fstat(fd)
    except (AttributeError, OSError, ValueError):
        raise wrong(
            parameter, value, "a stream", "PIPE, DEVNULL, STDOUT, a descriptor, or an open file"
        ) from None
    if not isinstance(value, int) and hasattr(value, "flush") and value.writable():
        value.flush()  # what was written before must come before what the container writes
    return StreamTarget(driver="inherit", argument=fd)


def _is_named_pipe(value: object) -> bool:
    return isinstance(value, str) and value.lower().startswith(_NAMED_PIPES)


def contents(parameter: str, value: object) -> tuple[tuple[str, bytes], ...]:
    """Read files by absolute path."""
    if not isinstance(value, Mapping):
        raise wrong(parameter, value, "a mapping of paths to contents")
    return tuple(
        (absolute(parameter, path), to_bytes(parameter, content)) for path, content in value.items()
    )


def to_bytes(parameter: str, value: object) -> bytes:
    """Read str (as UTF-8) or bytes."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise InvalidSpec(
        f"{parameter}: must be str or bytes, not {type(value).__name__}", path=parameter
    )


def not_yet(parameter: str, what: str, hint: str | None = None) -> NotSupported:
    """Make the error for what is known and not there yet."""
    return NotSupported(f"{parameter}: {what} not supported yet", hint=hint)
