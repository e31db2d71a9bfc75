"""Going on with a dump: what an interpreter learns as it begins is learned anew."""

from __future__ import annotations

import os
import sys
import time

from cloche.signalling import signal
from cloche_linux._native import ffi, lib
from cloche_linux.calls import check
from cloche_linux.launcher.boot import PROGRAM, interrupted

assert sys.platform != "win32"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

__all__ = ["TRIED", "TRY", "dump", "go_on"]

#: The name by which a launcher is called that shall try a draft, and the exit code if it is good.
TRY, TRIED = "try", 77
#: Bytes: more than the C library has at hand when a dump is made.
_MUCH = 1 << 26


def dump(file: int, stamps: bytes, count: int) -> int | None:
    """Write this process' memory to an open file, after ``count`` stamps; this returns twice.

    None here, and in each process that goes on from it a bit for every signal that it ignores.
    There may be no other thread. Raises OSError: ENOSYS where this is not to be had.
    """
    text = ffi.from_buffer("unsigned char[]", stamps)
    front = ffi.new("struct cloche_front *", [text, len(stamps), count])
    ignored = ffi.new("uint64_t *")
    return ignored[0] if check(lib.cloche_dump(file, front, ignored)) else None


def go_on(ignored: int) -> NoReturn:
    """Be a process that has just begun; nothing of what it is in the midst of goes on."""
    code = 1
    try:
        code = _begin(ignored)
    except KeyboardInterrupt:
        code = interrupted()
    except BaseException as error:  # noqa: BLE001 - there is nobody else here to say it
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(code)


def _begin(ignored: int) -> int:
    os.environ.clear()
    os.environ.update(_variables())
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    if "TZ" in os.environ:
        time.tzset()
    _ignore(ignored)
    _open_streams()
    name, *words = _said("cmdline")
    sys.argv[1:] = words
    if name == TRY:
        return _try()
    code: int = sys.modules[PROGRAM].run(words)
    return code


def _variables() -> Iterator[tuple[str, str]]:
    for each in _said("environ"):
        name, equals, value = each.partition("=")
        if name and equals:
            yield name, value


def _said(name: str) -> list[str]:
    """What the kernel was given for this process by whoever called it (proc(5))."""
    with open(f"/proc/self/{name}", "rb") as file:
        return [os.fsdecode(each) for each in file.read().split(b"\0")[:-1]]


def _ignore(signals: int) -> None:
    """The kernel ignores them already; `signal.getsignal` has to know."""
    for number in range(1, signals.bit_length() + 1):
        if signals >> (number - 1) & 1 and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_IGN)


def _open_streams() -> None:
    """What is wrong is shown line by line, as by an interpreter that has just begun."""
    for name, number, mode, lines in (
        *(("stdin", 0, "r", -1), ("stdout", 1, "w", -1)),
        ("stderr", 2, "w", 1),
    ):
        stream = os.fdopen(number, mode, lines, closefd=False, errors="backslashreplace")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _try() -> int:
    """Do what would show that this memory is not good to live on with."""
    import _thread

    done = _thread.allocate_lock()
    done.acquire()
    _thread.start_new_thread(done.release, ())
    done.acquire()
    good = bytes(_MUCH).count(0) == _MUCH and time.time() > 0 and os.getpid() > 0
    return TRIED if good else 1
