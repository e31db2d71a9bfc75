"""A bench for the runtime: containers over a stand-in service, without a layer store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cloche.creation import BackendContext, CreateRequest
from cloche.layers import RootFilesystem
from cloche.runtime import Isolation, RuntimeContainer
from cloche.spec import Process, Spec, Windows
from cloche.stdio import Size, Streams
from cloche_hcs.runtime import HcsRuntime

OWNER = "cloche-bench"
VOLUME = "\\\\?\\Volume{8829dfd9-0000-4000-8000-000000000000}"


class Unconnected(Streams):
    """Streams that go nowhere; by default nothing is wanted of any."""

    def __init__(
        self, wanted: tuple[bool, bool, bool] = (False, False, False), terminal: Size | None = None
    ) -> None:
        self.wanted = wanted
        self.terminal = terminal

    def release_ends(self) -> None:
        """There are none."""

    def drained(self) -> Future[None] | None:
        """Nothing is on its way."""
        return None


@dataclass
class Bench:
    """A runtime, and what is needed to ask it for containers."""

    home: Path
    service: Any
    made: list[RuntimeContainer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.layer = str(self.home / "layers" / "base")
        Path(self.layer).mkdir(parents=True)
        self.runtime = self.another_runtime()

    def another_runtime(self, owner: str = OWNER) -> HcsRuntime:
        """As another process has it."""
        return HcsRuntime(BackendContext(home=self.home / "hcs", owner=owner), None)

    def request(self, id: str = "c1", **fields: Any) -> CreateRequest:
        """Ask for a container with one layer, and a command that nobody runs."""
        state = self.home / "state" / id
        state.mkdir(parents=True, exist_ok=True)
        spec = Spec(
            oci_version="1.3.0",
            process=Process(cwd="C:\\init", args=("cmd", "/c", "ver")),
            windows=Windows(layer_folders=(self.layer,)),
        )
        return replace(CreateRequest(id=id, spec=spec, state=state), **fields)

    def root(self, request: CreateRequest) -> RootFilesystem:
        """What a layer store would have made."""
        mounted = request.isolation is Isolation.PROCESS
        guid = "78cb1aaa-319b-58e8-baeb-6b7486ff63f4"
        return RootFilesystem(
            form="filter:mounted" if mounted else "filter",
            path=VOLUME if mounted else None,
            layers=(self.layer,),
            info={"folder": f"{self.home}/layers/{request.id}", "guids": {self.layer: guid}},
        )

    def create(self, request: CreateRequest | None = None) -> RuntimeContainer:
        """Make a container, to be taken away when the test ends."""
        request = request or self.request()
        self.runtime.accepts(request)
        container = self.runtime.create(request, self.root(request), Unconnected())
        self.made.append(container)
        return container

    def start(self, request: CreateRequest | None = None) -> RuntimeContainer:
        """Make a container and start it, with streams from and to which nothing goes."""
        container = self.create(request)
        container.start(Unconnected())
        return container

    def load(
        self, id: str = "c1", info: dict[str, object] | None = None, owner: str = OWNER
    ) -> RuntimeContainer:
        """Find a container as another process does."""
        found = self.another_runtime(owner).load(id, self.home / "state" / id, info)
        self.made.append(found)
        return found

    def functions(self) -> list[str]:
        """The service's functions that were called, in order, without ``Hcs``."""
        return [name.removeprefix("Hcs") for name in self.service.functions()]

    def verbs(self) -> list[str]:
        """Those without the question how a process ended: a thread of its own puts it."""
        return [name for name in self.functions() if name != "GetProcessProperties"]

    def sent(self, function: str, argument: str, number: int = -1) -> dict[str, Any]:
        """A document that a function was given."""
        calls = [call for call in self.service.calls() if call.function == function]
        document: dict[str, Any] = json.loads(calls[number].arguments[argument])
        return document

    def parameters(self, number: int = -1) -> dict[str, Any]:
        """The parameters of a process."""
        return self.sent("HcsCreateProcess", "processParameters", number)

    def close(self) -> None:
        """Take away what is left, as far as the service lets."""
        self.service.release()
        for container in self.made:
            container.close()


@pytest.fixture
def bench(tmp_path: Path, service: Any) -> Iterator[Bench]:
    """Processes run on until they are ended."""
    service.begin("pace\t1", "proc\t*\trun")
    bench = Bench(tmp_path, service)
    yield bench
    bench.close()


@pytest.fixture
def unconnected() -> type[Unconnected]:
    """Streams that go nowhere."""
    return Unconnected
