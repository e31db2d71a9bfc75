"""What is true of the fake's containers, whoever holds them."""

from __future__ import annotations

import math
import os
import sys
from threading import Lock
from typing import TYPE_CHECKING

from cloche.errors import BackendError, CommandFailed, InvalidSpec, InvalidState, NotSupported
from cloche.runtime import State
from cloche.stdio import Pipes
from cloche.testing.fake_tasks import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.runtime import CreateRequest
    from cloche.spec import Process
    from cloche.stdio import End, Size, Streams
    from cloche.testing.fake_programs import Call, Program

__all__ = ["Box", "World", "terminal"]

_KILL = 9
#: Seconds that programs get to notice that they are to stand still or to end.
_PATIENCE = 5.0


class World:
    """The machine that the fake makes believe in: programs, and containers by id."""

    def __init__(self, programs: Mapping[str, Program | None]) -> None:
        self.programs = programs
        self.boxes: dict[str, Box] = {}
        #: By the ids of containers: what has to run before they are deleted, and for how long.
        self.errands: dict[str, tuple[tuple[str, ...], float | None]] = {}
        self.lock = Lock()


class Box:
    """One container: its tasks by id, and what it is doing."""

    def __init__(
        self, world: World, id: str, owner: str, root: str | None, process: Process | None
    ) -> None:
        self.id = id
        self.owner = owner
        self.root = root
        #: What ``start`` runs; None for a container that only waits.
        self.process = process
        #: What was asked for, where that is needed once more.
        self.request: CreateRequest | None = None
        self.started = False
        self._world = world
        self._paused = False
        self._tasks: dict[str, Task] = {}

    @property
    def init(self) -> Task:
        """The first task."""
        return self._tasks[self.id]

    def task(self, id: str) -> Task | None:
        """Look a task up; None if there is none of this id."""
        return self._tasks.get(id)

    def state(self) -> State:
        """Say what the container is doing."""
        if self.init.exit.poll() is not None:
            return State.STOPPED
        if not self.started:
            return State.CREATED
        return State.PAUSED if self._paused else State.RUNNING

    def require(self, operation: str, state: State) -> None:
        """Raise InvalidState unless the container is in ``state``."""
        found = self.state()
        if found is not state:
            raise InvalidState(
                f"{self.id} is {found.value}: {operation} needs it {state.value}",
                operation=operation,
                container=self.id,
            )

    def add(self, id: str, streams: Streams) -> tuple[Task, Pipes | None]:
        """Make a task that is not started, and our ends of its terminal if it has one."""
        descriptors, pipes = _bound(streams)
        task = Task(descriptors, self._end_others if id == self.id else _nothing)
        self._tasks[id] = task
        return task, pipes

    def reserve(self, id: str | None = None) -> Task:
        """Make a task, by default the first, that gets its streams later."""
        task = Task((), _nothing if id else self._end_others)
        self._tasks[id or self.id] = task
        return task

    def run(self, task: Task, process: Process | None) -> None:
        """Start a task; raises CommandFailed (126, 127), and it has ended then."""
        if process is None:
            task.start(_wait_for_ever, (), {}, self.root)
            return
        args = process.args or ()
        name = args[0] if args else ""
        program = self._world.programs.get(name)
        if program is None:
            code = 126 if name in self._world.programs else 127
            task.fail(code)
            reason = "is no program" if code == 126 else "command not found"
            raise CommandFailed(f"{reason}: {name}", exit_code=code, container=self.id)
        task.start(program, args, _variables(process), self.root)

    def pause(self) -> None:
        """Stop all tasks; returns when they stand still."""
        self.require("pause", State.RUNNING)
        self._paused = True
        for task in self._tasks.values():
            task.pause()
        if not all(task.stands_still(_PATIENCE) for task in list(self._tasks.values())):
            self.resume()
            raise BackendError(f"a program of {self.id} does not stand still", operation="pause")

    def resume(self) -> None:
        """Let all tasks go on."""
        self.require("resume", State.PAUSED)
        self._paused = False
        for task in self._tasks.values():
            task.resume()

    def alive(self) -> int:
        """Count the tasks that have not ended."""
        return sum(task.exit.poll() is None for task in list(self._tasks.values()))

    def end(self) -> None:
        """End all tasks and wait until they have; raises TimedOut if one does not notice."""
        for task in list(self._tasks.values()):
            task.signal(_KILL)
        for task in list(self._tasks.values()):
            task.exit.wait(_PATIENCE)

    def _end_others(self) -> None:
        for task in list(self._tasks.values()):
            if task is not self.init:
                task.signal(_KILL)


def _nothing() -> None:
    return None


def _wait_for_ever(call: Call) -> None:
    call.sleep(math.inf)


def _variables(process: Process) -> Mapping[str, str]:
    split = (variable.partition("=") for variable in process.env or ())
    return {name: value for name, _, value in split}


def _bound(streams: Streams) -> tuple[tuple[int, int, int], Pipes | None]:
    """Take copies of the container's ends, or make a terminal."""
    if streams.terminal is None:
        return _copies(*streams.ends), None
    return terminal(streams.terminal)


def terminal(size: Size) -> tuple[tuple[int, int, int], Pipes]:
    """Make a terminal: a task's descriptors, and our ends."""
    if sys.platform == "win32":
        raise NotSupported("the fake's terminals are devices, which Windows has not")
    else:  # noqa: RET506 - of which only one is there
        from termios import tcsetwinsize

        master, slave = os.openpty()
        tcsetwinsize(slave, (size.height, size.width))
        pipes = Pipes(master, os.dup(master), None, terminal=True)
        return (slave, os.dup(slave), os.dup(slave)), pipes


def _copies(*ends: End) -> tuple[int, int, int]:
    copies: list[int] = []
    try:
        for end in ends:
            if not isinstance(end, int):
                raise InvalidSpec("the fake takes descriptors as streams", path="stdio")
            copies.append(os.dup(end))
    except BaseException:
        for fd in copies:
            os.close(fd)
        raise
    stdin, stdout, stderr = copies
    return stdin, stdout, stderr
