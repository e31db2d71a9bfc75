"""The stand-in service as tests hold it: begun anew, steered, counted, read.

It lives in the process of whoever loads the library; the binding meets it there.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.building import service_for_linux

__all__ = ["Call", "Counts", "Notified", "Service", "library"]

SEARCH_SYSTEM32 = 0x800


def library() -> Path:
    """The stand-in for this platform: on Windows it has been put into System32, and stays there."""
    if sys.platform == "win32":
        return Path(os.environ["SYSTEMROOT"], "System32", "vmcompute.dll")
    sanitized = os.environ.get("SANITIZED_SERVICE")
    return Path(sanitized) if sanitized else service_for_linux()


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What is outstanding: handed out by the service and not given back.

    ``systems``, ``processes`` and ``callbacks`` are handles, ``streams`` imports and exports that
    were begun. ``living`` are systems that have not stopped: nobody need have a handle to them.
    ``misuses`` is what no client may do, a sentence each. A count is found by its name, too.
    """

    strings: int
    systems: int
    processes: int
    callbacks: int
    stdio: int
    streams: int
    activated: int
    prepared: int
    living: int
    hanging: int
    held: int
    misuses: list[str]

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


@dataclass(frozen=True)
class Call:
    """A call as it was recorded."""

    seq: int
    step: int
    function: str
    arguments: dict[str, Any]
    out: dict[str, Any]
    code: int


@dataclass(frozen=True)
class Notified:
    """A notification as it was recorded, when it was delivered."""

    cause: int
    type: str
    status: int
    target: str
    system: str
    swallowed: bool
    callbacks: int


class Service:
    """The stand-in in this process. What is done here is never recorded."""

    def __init__(self, path: Path, trace: Path) -> None:
        mode = SEARCH_SYSTEM32 if sys.platform == "win32" else ctypes.DEFAULT_MODE
        self.path = path
        self.trace_file = trace
        self._left: set[str] = set()
        self.library = ctypes.CDLL(str(path), winmode=mode)
        self.library.cloche_service_counts.restype = ctypes.c_size_t

    def begin(self, *rules: str) -> None:
        """Forget everything, calls that hang and strings that are out there too; steer anew."""
        self.end()
        self._left.clear()
        self.trace_file.unlink(missing_ok=True)
        self.library.cloche_service_begin(_lines(rules), os.fsencode(self.trace_file))

    def end(self) -> None:
        """Forget everything, and write no trace any more."""
        self.library.cloche_service_begin(b"", None)

    def steer(self, *rules: str) -> None:
        """Add rules."""
        self.library.cloche_service_steer(_lines(rules))

    def release(self) -> None:
        """Let calls that hang return, and deliver what is held."""
        self.library.cloche_service_release()

    def lose(self) -> None:
        """Lose the service: every callback hears of it, every call fails."""
        self.library.cloche_service_lose()

    def restore(self) -> None:
        """Have it back: the systems are there, but no handle of before is worth anything."""
        self.library.cloche_service_restore()

    def notify(self, id: str, type: int, status: int = 0, data: str | None = None) -> bool:
        """Send any notification; 1 (SystemExited) ends the system. False: there is no such."""
        given = None if data is None else data.encode()
        code = ctypes.c_uint32(status)
        kind = ctypes.c_uint32(type)
        return bool(self.library.cloche_service_notify(id.encode(), kind, code, given))

    def mark(self, step: int) -> None:
        """Say to which step the calls from here on belong."""
        self.library.OracleMark(ctypes.c_size_t(step))

    def counts(self) -> Counts:
        """What is outstanding now."""
        room = 1 << 16
        buffer = ctypes.create_string_buffer(room)
        self.library.cloche_service_counts(buffer, ctypes.c_size_t(room))
        return Counts(**json.loads(buffer.value))

    def outstanding(self) -> dict[str, object]:
        """What of it is not nothing; systems that live on are no handles of anybody's."""
        return {
            name: each for name, each in vars(self.counts()).items() if each and name != "living"
        }

    def expect_left(self, *names: str) -> None:
        """Say what is left behind on purpose, until the service begins anew."""
        self._left.update(names)

    def unexpected(self) -> dict[str, object]:
        """What is outstanding and was not said to be. A layer may stay mounted: tests of layers
        say themselves what is.
        """
        left = self._left | {"activated", "prepared"}
        return {name: each for name, each in self.outstanding().items() if name not in left}

    def calls(self) -> list[Call]:
        """The calls so far, in their order."""
        return [_call(record) for record in self.trace() if record["kind"] == "call"]

    def notified(self) -> list[Notified]:
        """The notifications so far, in their order."""
        return [_notified(record) for record in self.trace() if record["kind"] == "notify"]

    def functions(self) -> list[str]:
        """The names of the functions that were called, in their order."""
        return [call.function for call in self.calls()]

    def trace(self) -> list[dict[str, Any]]:
        """Calls and notifications in their order, as they were written."""
        if not self.trace_file.exists():
            return []
        lines = self.trace_file.read_text("utf-8", "surrogatepass").splitlines()
        return [json.loads(line) for line in lines]


def _lines(rules: Iterable[str]) -> bytes:
    return "".join(f"{rule}\n" for rule in rules).encode("utf-8", "surrogatepass")


def _call(record: dict[str, Any]) -> Call:
    code = int(record["hr"], 16)
    place = record["seq"], record["step"], record["fn"]
    return Call(*place, record["args"], record["out"], code)


def _notified(record: dict[str, Any]) -> Notified:
    return Notified(
        record["cause"],
        record["type"],
        int(record["status"], 16),
        record["target"],
        record["system"],
        record["swallowed"],
        record["callbacks"],
    )
