"""A world for one test: the stand-in service with systems in it, left empty at the end."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from cloche_hcs.system import ComputeSystem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cloche_hcs.process import ComputeProcess

#: Seconds that what is under way gets to come to an end.
PATIENCE = 10.0
COUNTED = ("strings", "systems", "processes", "callbacks", "stdio", "living", "hanging", "held")
PARAMETERS = {
    "CommandLine": "it",
    "CreateStdInPipe": True,
    "CreateStdOutPipe": True,
    "CreateStdErrPipe": True,
}


class World:
    """The service, steered, and what it saw. A process runs until it is ended, unless a rule says
    otherwise.
    """

    def __init__(self, service: Any) -> None:
        self._service = service
        self._forgotten = 0
        self._expected: dict[str, int | None] = dict.fromkeys(COUNTED, 0)
        self._service.begin()

    def rule(self, *fields: object) -> None:
        """Steer the service from here on: a line of steering.h, field by field."""
        self._service.steer("\t".join(map(str, fields)))

    def create(self, timeout: float = 5.0, id: str = "box") -> ComputeSystem:
        document = json.dumps({"SystemType": "Container", "Name": id, "Owner": "test"})
        return ComputeSystem.create(id, document, timeout=timeout)

    def running(self, timeout: float = 5.0, id: str = "box") -> ComputeSystem:
        system = self.create(timeout, id)
        system.start()
        return system

    def process(self, system: ComputeSystem) -> ComputeProcess:
        """A process with all three pipes."""
        self.rule("proc", "*", "run", "", "", 0, 0, 0, 0)
        return system.create_process(json.dumps(PARAMETERS))

    def put_away(self, system: ComputeSystem) -> None:
        """End a system and release its handles."""
        if not system.over:
            system.terminate()
            system.exited.wait(PATIENCE)
        system.close()

    @property
    def calls(self) -> list[str]:
        """The functions that were called since ``forget``."""
        return [call.function for call in self._calls()]

    def all(self, function: str) -> list[dict[str, Any]]:
        """The arguments of all calls of a function."""
        return [call.arguments for call in self._calls() if call.function == function]

    def last(self, function: str) -> dict[str, Any]:
        return self.all(function)[-1]

    def forget(self) -> None:
        """Count calls from here on."""
        self._forgotten = len(self._service.calls())

    def wait_until(self, **expected: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while (seen := self._counted(expected)) != expected:
            assert time.monotonic() < deadline, seen
            time.sleep(0.01)

    def wait_until_empty(self) -> None:
        self.wait_until(**dict.fromkeys(COUNTED, 0))

    def expect_left(self, **left: int | None) -> None:
        """What the test leaves behind on purpose; None for any number. Checked at the end."""
        self._expected.update(left)
        self._service.expect_left(*left)

    def check(self) -> None:
        """What is left is what was expected, and nobody did what no client may do."""
        expected = {key: count for key, count in self._expected.items() if count is not None}
        self.wait_until(**expected)
        assert self._service.counts()["misuses"] == []

    def notify(self, id: str, type: int, status: int = 0) -> None:
        self._service.notify(id, type, status)

    def lose(self) -> None:
        self._service.lose()

    def restore(self) -> None:
        self._service.restore()

    def release(self) -> None:
        """Calls that hang return, and held notifications come."""
        self._service.release()

    def read(self, end: int) -> bytes:
        """What comes next out of a pipe, as the platform has it read."""
        if sys.platform == "win32":
            import _winapi

            reading, _ = _winapi.ReadFile(end, 100, overlapped=True)
            reading.GetOverlappedResult(True)
            return bytes(reading.getbuffer() or b"")
        import os

        return os.read(end, 100)

    def close_handle(self, end: int) -> None:
        if sys.platform == "win32":
            import _winapi

            _winapi.CloseHandle(end)
        else:
            import os

            os.close(end)

    def _calls(self) -> list[Any]:
        calls: list[Any] = self._service.calls()
        return calls[self._forgotten :]

    def _counted(self, names: Iterable[str]) -> dict[str, int]:
        counts = self._service.counts()
        return {name: counts[name] for name in names}


@pytest.fixture
def world(service: Any) -> Iterator[World]:
    world = World(service)
    yield world
    world.check()
