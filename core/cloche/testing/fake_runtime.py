"""The fake's runtime: containers whose processes are threads of this process."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cloche.errors import (
    AlreadyExists,
    CleanupFailed,
    InvalidSpec,
    NotFound,
    NotSupported,
    TimedOut,
)
from cloche.pipes import close as close_end
from cloche.runtime import (
    Capability,
    Lifetime,
    Runtime,
    RuntimeContainer,
    RuntimeProcess,
    State,
    Status,
)
from cloche.stats import Stats
from cloche.testing.fake_layers import write_files
from cloche.testing.fake_world import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from cloche.layers import RootFilesystem
    from cloche.runtime import BackendContext, CreateRequest
    from cloche.spec import Process
    from cloche.stdio import Pipes, Streams
    from cloche.testing.fake_tasks import Task
    from cloche.testing.fake_world import World

__all__ = ["CAPABILITIES", "LASTING", "FakeContainer", "FakeProcess", "FakeRuntime", "close_pipes"]

CAPABILITIES = frozenset(
    {
        Capability.EXEC,
        Capability.FILES,
        Capability.IDLE,
        Capability.ISOLATE_PROCESS,
        Capability.KEEPS_EXIT,
        Capability.LATE_PROCESS,
        Capability.LOAD,
        Capability.PAUSE,
        Capability.PROMPT,
        Capability.SIGNALS,
        Capability.STATS,
        Capability.TERMINAL,
        Capability.WAITING_CREATE,
    }
)


#: What a service can do beyond that.
LASTING = frozenset({Capability.DETACHED, Capability.OUTLIVES})


if sys.platform == "win32":
    CAPABILITIES -= {Capability.FILES, Capability.TERMINAL}


class FakeProcess(RuntimeProcess):
    """A handle on a task."""

    def __init__(self, id: str, task: Task, pipes: Pipes | None = None) -> None:
        self.id = id
        self.pid = None
        self.exit = task.exit
        self.pipes: Pipes | None = None
        self._task = task
        self._terminal = -1
        if pipes is not None:
            self.take(pipes)

    def take(self, pipes: Pipes) -> None:
        """Hand these out; of a terminal it keeps a copy."""
        self.pipes = pipes
        if pipes.terminal and pipes.stdin is not None:
            self._terminal = os.dup(pipes.stdin)

    def kill(self, signal: int) -> None:
        """Send a signal to the task."""
        self._task.signal(signal)

    def resize(self, width: int, height: int) -> None:
        """Set the terminal's size."""
        if self._terminal < 0:
            raise NotSupported("the process has no terminal", operation="resize")
        if sys.platform != "win32":
            from termios import tcsetwinsize

            tcsetwinsize(self._terminal, (height, width))

    def close(self) -> None:
        """Release the terminal."""
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1


class FakeContainer(RuntimeContainer):
    """A handle on a container of the world."""

    def __init__(self, world: World, box: Box, init: FakeProcess) -> None:
        self.init: RuntimeProcess | None = init
        self._first = init
        self._world = world
        self._box = box

    @property
    def info(self) -> Mapping[str, object]:
        """The id is all there is to know."""
        return {"id": self._box.id}

    def state(self) -> State:
        """Ask the world."""
        return self._box.state()

    def start(self, streams: Streams, process: Process | None = None) -> None:
        """Start the first task, or another in its place."""
        self._box.require("start", State.CREATED)
        self._box.started = True
        self._box.run(self._box.init, process or self._box.process)

    def exec(self, id: str, process: Process, streams: Streams) -> RuntimeProcess:
        """Start another task."""
        self._box.require("exec", State.RUNNING)
        task, pipes = self._box.add(id, streams)
        made = FakeProcess(id, task, pipes)
        try:
            self._box.run(task, process)
        except BaseException:
            made.close()
            close_pipes(pipes)
            raise
        return made

    def open(self, id: str, info: Mapping[str, object]) -> RuntimeProcess:
        """Find a task by its id."""
        task = self._box.task(id)
        if task is None:
            raise NotFound(f"there is no process {id} in {self._box.id}", operation="open")
        return FakeProcess(id, task)

    def delete(self) -> None:
        """End all tasks and forget the container."""
        try:
            self._box.end()
        except TimedOut as error:
            raise CleanupFailed(
                f"a program of {self._box.id} can't be ended", problems=[error]
            ) from error
        with self._world.lock:
            self._world.boxes.pop(self._box.id, None)

    def close(self) -> None:
        """Release the handle of init."""
        if self.init is not None:
            self.init.close()

    def pause(self) -> None:
        """Have all programs stand still; BackendError if one does not use what ``Call`` offers."""
        self._box.pause()

    def resume(self) -> None:
        """Let them go on."""
        self._box.resume()

    def stats(self) -> Stats:
        """Count the tasks: nothing else of a thread can be told from its neighbours."""
        return Stats(pids=self._box.alive())

    def root_descriptor(self) -> int:
        """Open the root's directory."""
        if self._box.root is None:
            raise NotSupported("this container has no root", operation="files")
        if sys.platform == "win32":
            raise NotSupported("directories are not opened on Windows", operation="files")
        else:  # noqa: RET506 - of which only one is there
            return os.open(self._box.root, os.O_PATH | os.O_DIRECTORY)


class FakeRuntime(Runtime):
    """Makes containers in the world that it was given."""

    def __init__(self, world: World, context: BackendContext) -> None:
        self._world = world
        self._owner = context.owner

    def accepts(self, request: CreateRequest) -> Sequence[str]:
        """Check what there is to check."""
        if request.lifetime is not Lifetime.PROCESS:
            raise NotSupported("the fake's containers end with the process that made them")
        process = request.spec.process
        if not request.idle and (process is None or not process.args):
            raise InvalidSpec("no command", path="process.args")
        return ("path",)

    def create(
        self, request: CreateRequest, root: RootFilesystem, streams: Streams
    ) -> RuntimeContainer:
        """Note the container down; its first task waits."""
        process = None if request.idle else request.spec.process
        box = Box(self._world, request.id, self._owner, root.path, process)
        if root.path is not None:
            write_files(root.path, request.files)
        task, pipes = box.add(request.id, streams)
        with self._world.lock:
            if self._world.boxes.setdefault(request.id, box) is not box:
                task.signal(9)
                close_pipes(pipes)
                raise AlreadyExists(f"there is a container {request.id}", operation="create")
        return FakeContainer(self._world, box, FakeProcess(request.id, task, pipes))

    def load(
        self, id: str, state: Path | str, info: Mapping[str, object] | None
    ) -> RuntimeContainer:
        """Look the container up; the world ends with its process."""
        box = self._world.boxes.get(id)
        if box is None:
            raise NotFound(f"nothing of {id} exists", operation="load", container=id)
        return FakeContainer(self._world, box, FakeProcess(id, box.init))

    def list(self) -> Iterable[Status]:
        """List those of our owner."""
        with self._world.lock:
            boxes = list(self._world.boxes.values())
        return [Status(id=box.id, state=box.state()) for box in boxes if box.owner == self._owner]

    def close(self) -> None:
        """Hold nothing, release nothing."""


def close_pipes(pipes: Pipes | None) -> None:
    """Close what nobody will take any more."""
    for end in pipes[:3] if pipes else ():
        if end is not None:
            close_end(end)
