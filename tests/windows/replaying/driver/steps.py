"""The steps of scenarios, each by what Cloche offers everybody."""

from __future__ import annotations

import gc
import threading
import time
from contextlib import suppress
from typing import Any

from replaying.driver.pipes import FarEnd
from replaying.driver.specs import process_of, spec_of
from replaying.driver.told import ended, failed

import cloche

__all__ = ["Cancelled", "Steps"]

Step = dict[str, Any]
#: Seconds that a step may take which says nothing of it.
PATIENCE = 30.0
#: Seconds that pipes get to be read to their end.
ARRIVAL = 5.0
#: Seconds after which a system has gone whose processes have ended: the first implementation
#: waited for the one, and Cloche for the other.
AFTERMATH = 0.15
RUNNING, STOPPED = 2, 3


class Cancelled(Exception):
    """Whoever asked has given up."""


class Steps:
    """Everything that the steps of one scenario have made."""

    def __init__(self, engine: cloche.Engine) -> None:
        self._engine = engine
        self._containers: dict[str, cloche.Container[bytes]] = {}
        self._process: cloche.Process[bytes] | None = None
        self._ends: dict[str, FarEnd] = {}
        self._told: dict[str, Any] = {}
        self._waiting: threading.Thread | None = None

    def take(self, step: Step) -> dict[str, Any]:
        """Take one step; what came of it."""
        verb = getattr(self, f"_{step['op']}")
        try:
            told = verb(step)
        except (cloche.ClocheError, OSError, Cancelled, ValueError) as error:
            return {"error": failed(error), "log": [{"msg": f"{type(error).__name__}: {error}"}]}
        return told if isinstance(told, dict) else {"error": None}

    def _new(self, step: Step) -> None:
        io, conf = step.get("io") or {}, step.get("conf") or {}
        self._containers[step.get("c", "c")] = self._engine.create(
            spec_of(step["spec"], conf, io),
            id=step["id"],
            timeout=conf.get("terminateDuration", PATIENCE * 10**9) / 10**9,
            **streams_of(io),
        )

    def _start(self, step: Step) -> None:
        try:
            self._container(step).start()
        except cloche.ClocheError:
            time.sleep(AFTERMATH)
            raise

    def _pid(self, step: Step) -> dict[str, Any]:
        return {"pid": self._container(step).pid}

    def _exitcode(self, step: Step) -> dict[str, Any]:
        container = self._container(step)
        container.wait(step.get("timeoutMs", PATIENCE * 1000) / 1000)
        return ended(container.status)

    def _exitcode_async(self, step: Step) -> dict[str, Any]:
        def wait() -> None:
            self._told = self.take({**step, "op": "exitcode"})

        self._waiting = threading.Thread(target=wait, daemon=True)
        self._waiting.start()
        time.sleep(0.05)
        return {}

    def _exitcode_join(self, step: Step) -> dict[str, Any]:
        assert self._waiting is not None
        self._waiting.join(PATIENCE)
        return {"async": self._told}

    def _exec(self, step: Step) -> dict[str, Any]:
        io = step.get("io") or {}
        process = process_of(step["process"], io)
        self._process = self._container(step).exec(process, **streams_of(io))
        return {"error": None, **status_of(self._process)}

    def _process_pid(self, step: Step) -> dict[str, Any]:
        return {"pid": self._executed().pid}

    def _process_status(self, step: Step) -> dict[str, Any]:
        return status_of(self._executed())

    def _process_exitcode(self, step: Step) -> dict[str, Any]:
        process = self._executed()
        process.wait(step.get("timeoutMs", PATIENCE * 1000) / 1000)
        return {**ended(process.status), **status_of(process)}

    def _process_kill(self, step: Step) -> None:
        self._executed().kill()

    def _terminate(self, step: Step) -> None:
        container = self._container(step)
        try:
            container.kill()
        except cloche.InvalidState:
            if container.state is not cloche.State.STOPPED:
                raise
            return
        container.wait(PATIENCE)
        time.sleep(AFTERMATH)

    def _shutdown(self, step: Step) -> None:
        self._container(step).stop(step.get("timeoutMs", PATIENCE * 1000) / 1000)
        time.sleep(AFTERMATH)

    def _remove(self, step: Step) -> None:
        self._container(step).remove(force=True)

    def _loadall(self, step: Step) -> dict[str, Any]:
        found = self._engine.list(all=True)
        if step.get("cancelled"):
            raise Cancelled
        for each in found:
            self._containers[each.id] = each
            with suppress(cloche.ClocheError):
                take_hold(each)
        return {"error": None, "ids": [each.id for each in found]}

    def _pipes(self, step: Step) -> dict[str, Any]:
        for each in step["pipes"]:
            self._ends[each["path"]] = FarEnd(each["path"], each["feed"], hold=each["hold"])
        return {}

    def _stdio(self, step: Step) -> dict[str, Any]:
        deadline = time.monotonic() + step.get("ms", ARRIVAL * 1000) / 1000
        for end in self._ends.values():
            end.wait(deadline)
        return {"stdio": {path: end.told() for path, end in sorted(self._ends.items())}}

    def _sleep(self, step: Step) -> dict[str, Any]:
        time.sleep(step["ms"] / 1000)
        return {}

    def _gc(self, step: Step) -> dict[str, Any]:
        gc.collect()
        return {}

    def _container(self, step: Step) -> cloche.Container[bytes]:
        name = step.get("c", "c")
        if name not in self._containers:
            raise cloche.NotFound(f"no container {name}")
        return self._containers[name]

    def _executed(self) -> cloche.Process[bytes]:
        if self._process is None:
            raise cloche.NotFound("no process")
        return self._process


def take_hold(container: cloche.Container[bytes]) -> None:
    """Have a container that was found opened: it is asked for something that only it can know."""
    assert container.pid is None or container.pid > 0


def streams_of(io: dict[str, Any]) -> dict[str, Any]:
    """Named pipes to be dialled; what is not named, is not there."""
    names = ("stdin", "stdout", "stderr")
    return {name: io.get(name.capitalize()) or cloche.DEVNULL for name in names}


def status_of(process: cloche.Process[bytes]) -> dict[str, Any]:
    """Whether a process runs, as traces put it."""
    return {"status": RUNNING if process.status is None else STOPPED}
