"""The fake's runtime as a service is: it makes pipes itself, at the start, and keeps containers.

They outlive the engine that made them, as far as something in memory can: every engine over the
same backend finds them.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from cloche.errors import AlreadyExists, InvalidSpec, NotFound
from cloche.pipes import from_relay, to_relay
from cloche.runtime import CreateRequest, RuntimeContainer, RuntimeProcess, State
from cloche.stdio import Pipes
from cloche.testing.fake_layers import write_files
from cloche.testing.fake_runtime import FakeContainer, FakeProcess, FakeRuntime, close_pipes
from cloche.testing.fake_world import Box, terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cloche.layers import RootFilesystem
    from cloche.spec import Process
    from cloche.stdio import Streams

__all__ = ["ServiceContainer", "ServiceRuntime"]


class ServiceContainer(FakeContainer):
    """A handle on a container that gets its streams when it is started."""

    def start(self, streams: Streams, process: Process | None = None) -> None:
        """Start the first task with pipes of its own; it has ended if that fails."""
        self._box.require("start", State.CREATED)
        descriptors, pipes = _piped(streams)
        self._box.init.take(descriptors)
        self._box.started = True
        try:
            self._box.run(self._box.init, process or self._box.process)
        except BaseException:
            close_pipes(pipes)
            raise
        self._first.take(pipes)

    def exec(self, id: str, process: Process, streams: Streams) -> RuntimeProcess:
        """Start another task, with pipes of its own."""
        self._box.require("exec", State.RUNNING)
        task = self._box.reserve(id)
        descriptors, pipes = _piped(streams)
        task.take(descriptors)
        try:
            self._box.run(task, process)
        except BaseException:
            close_pipes(pipes)
            raise
        return FakeProcess(id, task, pipes)

    def errand(self) -> CreateRequest | None:
        """Name what was left by ``FakeBackend.leave_errand``."""
        request, left = self._box.request, self._world.errands.get(self._box.id)
        if request is None or request.spec.process is None or left is None:
            return None
        command, timeout = left
        process = request.spec.process.replace(args=command)
        return replace(
            request,
            id=f"{request.id}_servicing",
            spec=request.spec.replace(process=process),
            timeout=timeout,
        )

    def delete(self) -> None:
        """End all tasks, and forget the container and its errand."""
        super().delete()
        self._world.errands.pop(self._box.id, None)


class ServiceRuntime(FakeRuntime):
    """Makes containers that stay until they are deleted."""

    binds_stdio: ClassVar[Literal["create", "start"]] = "start"

    def accepts(self, request: CreateRequest) -> Sequence[str]:
        """Check what there is to check: any lifetime is fine."""
        process = request.spec.process
        if not request.idle and (process is None or not process.args):
            raise InvalidSpec("no command", path="process.args")
        return ("path",)

    def create(
        self, request: CreateRequest, root: RootFilesystem, streams: Streams
    ) -> RuntimeContainer:
        """Note the container down; its first task waits, without streams."""
        process = None if request.idle else request.spec.process
        box = Box(self._world, request.id, self._owner, root.path, process)
        box.request = request
        with self._world.lock:
            if self._world.boxes.setdefault(request.id, box) is not box:
                raise AlreadyExists(f"there is a container {request.id}", operation="create")
        if root.path is not None:
            write_files(root.path, request.files)
        return ServiceContainer(self._world, box, FakeProcess(request.id, box.reserve()))

    def load(
        self, id: str, state: Path | str, info: Mapping[str, object] | None
    ) -> RuntimeContainer:
        """Look the container up."""
        box = self._world.boxes.get(id)
        if box is None:
            raise NotFound(f"nothing of {id} exists", operation="load", container=id)
        return ServiceContainer(self._world, box, FakeProcess(id, box.init))


def _piped(streams: Streams) -> tuple[tuple[int, int, int], Pipes]:
    """Make the task's descriptors, and our ends of them: a terminal, or pipes where wanted."""
    if streams.terminal is not None:
        return terminal(streams.terminal)
    stdin = from_relay() if streams.wanted[0] else (_null(os.O_RDONLY), None)
    stdout, stderr = (
        to_relay()[::-1] if wanted else (_null(os.O_WRONLY), None) for wanted in streams.wanted[1:]
    )
    return (stdin[0], stdout[0], stderr[0]), Pipes(stdin[1], stdout[1], stderr[1])


def _null(flags: int) -> int:
    return os.open(os.devnull, flags)
