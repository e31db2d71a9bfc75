"""Plays the calls of a golden trace against a service's library, one by one, through ctypes.

Handles that the trace names `system#1` are the library's own handles here; paths below
`C:\\oracle` are below a folder of one's own.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
import uuid
from collections.abc import Callable
from ctypes import byref, c_size_t, c_uint32, c_void_p
from pathlib import Path
from typing import Any

__all__ = ["Player", "parsed"]

WIDE = "utf-16-le"
ORACLE = "C:\\oracle"
CALLBACK = ctypes.CFUNCTYPE(None, c_uint32, c_void_p, c_uint32, c_void_p)
PATIENCE = 5.0
BAD_HANDLE = 0xDEA0
PROCESS_EXITED = 0x10000

Out = dict[str, Any]


class Information(ctypes.Structure):
    """HCS_PROCESS_INFORMATION."""

    _fields_ = (
        ("process_id", c_uint32),
        ("reserved", c_uint32),
        ("stdin", c_size_t),
        ("stdout", c_size_t),
        ("stderr", c_size_t),
    )


class Driver(ctypes.Structure):
    """The home of layers."""

    _fields_ = (("flavour", c_uint32), ("reserved", c_uint32), ("home", c_void_p))


class Layer(ctypes.Structure):
    """WC_LAYER_DESCRIPTOR."""

    _fields_ = (
        ("id", ctypes.c_ubyte * 16),
        ("flags", c_uint32),
        ("reserved", c_uint32),
        ("path", c_void_p),
    )


class Player:
    """A library, the handles it gave, and what it called back."""

    def __init__(self, library: ctypes.CDLL, free: Callable[[int], None], root: Path) -> None:
        self.library = library
        self.free = free
        self.root = root
        self.handles: dict[str, int] = {}
        self.notified: list[tuple[int, int]] = []
        self.on_notification: Callable[[], object] | None = None
        self._changed = threading.Condition()
        self._callback = CALLBACK(self._notify)
        self._kept: list[object] = []
        self._ends: dict[str, list[int]] = {}

    def play(self, call: dict[str, Any]) -> tuple[str, Out]:
        """The HRESULT and what came out, written as in a trace."""
        self._kept.clear()
        given = {name: self.local(value) for name, value in call["args"].items()}
        play = getattr(self, f"_{_kind(call['fn'])}")
        code, out = play(getattr(self.library, call["fn"]), given)
        for name in ("computeSystem", "process", "callbackHandle"):
            if name in call["out"] and name in out:
                self.handles[call["out"][name]] = out[name]
                out[name] = call["out"][name]
        if ends := out.pop("ends", None):
            self._ends[out["process"]] = [0 if end == BAD_HANDLE else end for end in ends]
        return f"0x{code:08x}", out

    def wait_for(self, count: int) -> bool:
        """Wait until so many notifications have come, or five seconds are over."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.notified) >= count, PATIENCE)

    def wait_for_exit(self, context: int, patience: float = PATIENCE) -> bool:
        """Wait until the process whose callback has this context has ended."""
        with self._changed:
            return self._changed.wait_for(
                lambda: (PROCESS_EXITED, context) in self.notified, patience
            )

    def close_input(self, process: str) -> None:
        """Close the client's end of what a process reads."""
        ends = self._ends.get(process)
        if ends and ends[0]:
            _close(ends[0])
            ends[0] = 0

    def close_ends(self) -> None:
        """Close the client's ends of all standard streams."""
        for ends in self._ends.values():
            for end in filter(None, ends):
                _close(end)
            ends[:] = [0, 0, 0]

    def local(self, value: Any) -> Any:
        """A path of the trace below the folder of one's own; anything else as it is."""
        if isinstance(value, str) and value.startswith(ORACLE):
            path = f"{self.root}{value.removeprefix(ORACLE)}"
            return path if sys.platform == "win32" else path.replace("\\", "/")
        if isinstance(value, dict):
            return {name: self.local(item) for name, item in value.items()}
        return [self.local(item) for item in value] if isinstance(value, list) else value

    def _notify(self, type: int, context: int, status: int, data: int) -> None:
        with self._changed:
            self.notified.append((type, context or 0))
            self._changed.notify_all()
        if self.on_notification:
            self.on_notification()

    def _wide(self, text: str | None) -> c_void_p:
        if text is None:
            return c_void_p(None)
        buffer = ctypes.create_string_buffer(text.encode(WIDE, "surrogatepass") + b"\0\0")
        self._kept.append(buffer)
        return c_void_p(ctypes.addressof(buffer))

    def _taken(self, pointer: c_void_p) -> str | None:
        if not pointer.value:
            return None
        end = pointer.value
        while ctypes.string_at(end, 2) != b"\0\0":
            end += 2
        text = ctypes.string_at(pointer.value, end - pointer.value).decode(WIDE, "surrogatepass")
        self.free(pointer.value)
        return text

    def _driver(self, info: dict[str, Any]) -> Any:
        driver = Driver(info["Flavour"], 0, self._wide(info["HomeDir"]))
        self._kept.append(driver)
        return byref(driver)

    def _layers(self, given: list[dict[str, Any]]) -> list[Any]:
        layers = (Layer * len(given))()
        for layer, each in zip(layers, given, strict=True):
            layer.id[:] = uuid.UUID(each["LayerId"]).bytes_le
            layer.flags, layer.path = each["Flags"], self._wide(each["Path"])
        self._kept.append(layers)
        return [layers, c_size_t(len(given))]

    def _handle(self, name: str) -> c_size_t:
        raw = name.removeprefix("raw:")
        known = self.handles.get(name.removesuffix("(closed)"), 0)
        return c_size_t(int(raw, 16) if raw != name else known)

    def _argument(self, name: str, value: Any) -> Any:
        if name in ("computeSystem", "process"):
            return self._handle(value)
        return c_size_t(value) if isinstance(value, int) else self._wide(value)

    # Each plays the functions that are called alike.

    def _layer(self, function: Any, given: dict[str, Any]) -> tuple[int, Out]:
        name = given["id"] if sys.platform == "win32" else given["id"].replace("\\", "/")
        arguments = [self._driver(given["info"]), self._wide(name)]
        if "parent" in given:
            arguments.append(self._wide(given["parent"]))
        if "descriptors" in given:
            arguments += self._layers(given["descriptors"])
        return _code(function(*arguments)), {}

    def _mount_path(self, function: Any, given: dict[str, Any]) -> tuple[int, Out]:
        length = c_size_t(given["length"])
        buffer = ctypes.create_string_buffer(2 * given["length"] + 2)
        room = buffer if given["buffer"] else c_void_p(None)
        layer = self._driver(given["info"]), self._wide(given["id"])
        code = _code(function(*layer, byref(length), room))
        if code:
            return code, {}
        path = buffer.raw.decode(WIDE).partition("\0")[0]
        return code, {"length": length.value} | ({"path": path} if given["buffer"] else {})

    def _guid(self, function: Any, given: dict[str, Any]) -> tuple[int, Out]:
        guid = ctypes.create_string_buffer(16)
        code = _code(function(self._wide(given["name"]), guid))
        return code, {} if code else {"guid": str(uuid.UUID(bytes_le=guid.raw))}

    def _release(self, function: Any, given: dict[str, Any]) -> tuple[int, Out]:
        (name,) = given.values()
        return _code(function(self._handle(name))), {}

    def _register(self, function: Any, given: dict[str, Any]) -> tuple[int, Out]:
        registered, of = c_size_t(), self._handle(next(iter(given.values())))
        code = _code(function(of, self._callback, c_size_t(given["context"]), byref(registered)))
        return code, {} if code else {"callbackHandle": registered.value}

    def _ask(self, function: Any, given: dict[str, Any]) -> tuple[int, Out]:
        document, result = c_void_p(), c_void_p()
        arguments = [self._argument(name, value) for name, value in given.items()]
        code = _code(function(*arguments, byref(document), byref(result)))
        self._taken(result)
        return code, {"document": self._taken(document)}

    def _tell(self, function: Any, given: dict[str, Any]) -> tuple[int, Out]:
        result = c_void_p()
        arguments = [self._argument(name, value) for name, value in given.items()]
        code = _code(function(*arguments, byref(result)))
        self._taken(result)
        return code, {}

    def _open_system(self, function: Any, given: dict[str, Any]) -> tuple[int, Out]:
        opened, result = c_size_t(), c_void_p()
        arguments = [self._argument(name, value) for name, value in given.items()]
        code = _code(function(*arguments, byref(opened), byref(result)))
        self._taken(result)
        return code, {"computeSystem": opened.value} if opened.value else {}

    def _start_process(self, function: Any, given: dict[str, Any]) -> tuple[int, Out]:
        opened, result, made = c_size_t(), c_void_p(), Information()
        arguments = [self._argument(name, value) for name, value in given.items()]
        code = _code(function(*arguments, byref(made), byref(opened), byref(result)))
        self._taken(result)
        if not opened.value:
            return code, {}
        ends = [made.stdin, made.stdout, made.stderr]
        pipes = ["pipe" if end else None for end in ends]
        told = dict(zip(("StdInput", "StdOutput", "StdError"), pipes, strict=True))
        information = {"ProcessId": made.process_id, **told}
        return code, {"process": opened.value, "processInformation": information, "ends": ends}


KINDS = {
    "GetLayerMountPath": "mount_path",
    "NameToGuid": "guid",
    "HcsCreateProcess": "start_process",
    "HcsCreateComputeSystem": "open_system",
    "HcsOpenComputeSystem": "open_system",
    "HcsEnumerateComputeSystems": "ask",
    "HcsGetComputeSystemProperties": "ask",
    "HcsGetProcessProperties": "ask",
}


def _kind(function: str) -> str:
    if function in KINDS:
        return KINDS[function]
    if function.startswith(("HcsClose", "HcsUnregister")):
        return "release"
    if function.startswith("HcsRegister"):
        return "register"
    return "tell" if function.startswith("Hcs") else "layer"


def _code(returned: int) -> int:
    return returned & 0xFFFFFFFF


def _close(end: int) -> None:
    if sys.platform == "win32":
        ctypes.windll.kernel32.CloseHandle(c_size_t(end))
    else:
        os.close(end)


def parsed(text: str | None) -> Any:
    """A document by its value; what is none, as it is."""
    try:
        return json.loads(text) if text is not None else None
    except ValueError:
        return text
