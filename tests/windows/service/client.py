"""A client of the stand-in, as small as one can be: what its own tests are written in.

Calls are written as in traces, and played; what is notified is kept with its time.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.control import Service
from service.playing import Player

__all__ = ["PIPES", "Client", "free_string", "within"]

PIPES = {"CreateStdInPipe": True, "CreateStdOutPipe": True, "CreateStdErrPipe": True}


def free_string(service: Service) -> Callable[[int], None]:
    """What frees the strings that the service gives out."""
    library = ctypes.CDLL("ole32.dll") if sys.platform == "win32" else service.library
    return lambda pointer: library.CoTaskMemFree(ctypes.c_void_p(pointer))


class Client(Player):
    """Names of handles are its own: ``system``, ``process``, ``callback of …``."""

    def __init__(self, service: Service, root: Path) -> None:
        super().__init__(service.library, free_string(service), root)
        self.service = service

    def create(self, id: str = "box", document: str = "{}") -> int:
        """Make a system and listen to it."""
        given = {"id": id, "configuration": document, "identity": 0}
        code = int(self.play(_call("HcsCreateComputeSystem", given, computeSystem=id))[0], 16)
        self.listen(id, len(self.handles))
        return code

    def listen(self, id: str, context: int, kind: str = "ComputeSystem") -> int:
        """Register a callback, whose handle is called ``callback of ID``."""
        name = "computeSystem" if kind == "ComputeSystem" else "process"
        given = {name: id, "callback": "fn", "context": context}
        call = _call(f"HcsRegister{kind}Callback", given, callbackHandle=f"callback of {id}")
        return int(self.play(call)[0], 16)

    def start(self, id: str = "box") -> int:
        """Start a system."""
        return self.ask("Start", id)

    def ask(self, verb: str, id: str = "box") -> int:
        """Start, Shutdown, Terminate, Pause or Resume."""
        given = {"computeSystem": id, "options": ""}
        return int(self.play(_call(f"Hcs{verb}ComputeSystem", given))[0], 16)

    def execute(self, command: str, id: str = "box", name: str = "process", **more: Any) -> int:
        """Create a process and listen to it; the context of its callback is 77."""
        parameters = json.dumps({"CommandLine": command, **more})
        given = {"computeSystem": id, "processParameters": parameters}
        code = int(self.play(_call("HcsCreateProcess", given, process=name))[0], 16)
        if code == 0:
            self.listen(name, 77, "Process")
        return code

    def status(self, name: str = "process") -> dict[str, Any]:
        """The properties of a process."""
        out = self.play(_call("HcsGetProcessProperties", {"process": name}))[1]
        document: dict[str, Any] = json.loads(out["document"])
        return document

    def ends(self, name: str = "process") -> list[int]:
        """The client's ends of a process' standard streams."""
        return self._ends[name]

    def told(self, *types: int) -> bool:
        """Whether, within five seconds, exactly these types have been notified, in this order."""
        self.wait_for(len(types))
        return [each for each, _ in self.notified] == list(types)

    def let_go(self) -> None:
        """Give back every handle and every end."""
        self.close_ends()
        for name in [name for name in self.handles if name.startswith("callback of ")]:
            kind = "Process" if name.endswith("process") else "ComputeSystem"
            self.play(_call(f"HcsUnregister{kind}Callback", {"callbackHandle": name}))
        for name in [name for name in self.handles if not name.startswith("callback of ")]:
            kind = "Process" if name.endswith("process") else "ComputeSystem"
            given = {"process" if kind == "Process" else "computeSystem": name}
            self.play(_call(f"HcsClose{kind}", given))


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def _call(function: str, given: dict[str, Any], **out: str) -> dict[str, Any]:
    return {"fn": function, "args": given, "out": out}
