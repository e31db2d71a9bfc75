"""The bench of the suites: makes containers as the engine does, and clears up after each test."""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pytest

from cloche.feeding import relay_for
from cloche.probe import Unsupported
from cloche.runtime import BackendContext, Capability, CreateRequest
from cloche.spec import Root
from cloche.testing.lab_platform import children, descriptors
from cloche.testing.lab_streams import PATIENCE, LabStreams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cloche.layers import LayerStoreDescriptor, RootFilesystem
    from cloche.runtime import (
        Lifetime,
        Runtime,
        RuntimeContainer,
        RuntimeDescriptor,
        RuntimeProcess,
    )
    from cloche.spec import Process
    from cloche.stdio import Size, StdioDescriptor
    from cloche.testing.programs import Args
    from cloche.testing.subject import RuntimeSubject

__all__ = [
    "Box",
    "Lab",
    "census",
    "comes_true",
    "descriptors",
    "needs",
    "settled",
    "works_here",
]

_OWNER = "cloche-conformance"

Test = TypeVar("Test", bound="Callable[..., Any]")


def works_here(
    descriptor: RuntimeDescriptor | LayerStoreDescriptor | StdioDescriptor,
) -> frozenset[Capability]:
    """Skip the test where a backend does not work; else name what it claims and lacks here."""
    verdict = descriptor.probe(None)
    if isinstance(verdict, Unsupported):
        pytest.skip(f"{descriptor.name}: {verdict.reason}")
    return frozenset(verdict.missing)


def comes_true(condition: Callable[[], bool]) -> bool:
    """Wait until ``condition`` holds; False if it does not in time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


class Census(NamedTuple):
    """What this process has."""

    descriptors: int
    children: set[int]
    threads: int

    def is_no_more_than(self, before: Census) -> bool:
        """Say whether nothing has come; threads that were idle may have gone meanwhile."""
        return (
            self.descriptors <= before.descriptors
            and self.children <= before.children
            and self.threads <= before.threads
        )


def census() -> Census:
    """Count what this process has: descriptors, children, threads."""
    return Census(descriptors(), children(), threading.active_count())


def settled() -> Census:
    """Count when nothing changes any more: what goes in the background needs a moment."""
    last, now = None, census()
    while now != last:
        time.sleep(0.1)
        last, now = now, census()
    return now


def needs(*capabilities: Capability) -> Callable[[Test], Test]:
    """Mark a test of a suite: it is skipped for backends that lack one of ``capabilities``."""

    def mark(test: Test) -> Test:
        test.__dict__["needs"] = capabilities
        return test

    return mark


class Box:
    """One container of a test, with its streams."""

    def __init__(self, lab: Lab, request: CreateRequest, streams: LabStreams) -> None:
        self.request = request
        self.streams = streams
        self.made: RuntimeContainer | None = None
        self._lab = lab
        self._bound = False
        self._executed: list[tuple[RuntimeProcess, LabStreams]] = []

    @property
    def container(self) -> RuntimeContainer:
        """The container, once it is made."""
        assert self.made is not None
        return self.made

    @property
    def init(self) -> RuntimeProcess:
        """The first process."""
        assert self.container.init is not None
        return self.container.init

    def create(self, root: RootFilesystem) -> None:
        """Make the container; its ends of the streams are released if they are bound by that."""
        runtime = self._lab.runtime
        self.made = runtime.create(self.request, root, self.streams)
        if runtime.binds_stdio == "create":
            self.bind()

    def start(self, process: Process | None = None) -> None:
        """Start it."""
        self.container.start(self.streams, process)
        if not self._bound:
            self.bind()

    def bind(self) -> None:
        """Do what has to be done once the streams are the container's."""
        self._bound = True
        _bind(self.container.init, self.streams)

    def exec(self, args: Args, terminal: Size | None = None) -> tuple[RuntimeProcess, LabStreams]:
        """Execute a program in the container."""
        streams = LabStreams(terminal=terminal)
        id = f"exec{len(self._executed)}"  # noqa: A001 - as the contract calls it
        try:
            spec = self._lab.subject.spec(id, args, terminal)
            assert spec.process is not None
            process = self.container.exec(id, spec.process, streams)
        except BaseException:
            streams.close()
            raise
        _bind(process, streams)
        self._executed.append((process, streams))
        return process, streams

    def close(self) -> None:
        """Take everything away, whatever the test has done already, and whatever fails."""
        with ExitStack() as last_first:
            last_first.callback(self._lab.store.release, self.request.id)
            last_first.callback(self.streams.close)
            if self.made is not None:
                last_first.callback(self.made.close)
            for process, streams in self._executed:
                last_first.callback(streams.close)
                last_first.callback(process.close)
            if self.made is not None:
                self.made.delete()


class Lab:
    """A runtime and a layer store in a place of their own, and the containers of one test."""

    def __init__(self, subject: RuntimeSubject, home: Path) -> None:
        missing = works_here(subject.runtime) | works_here(subject.store)
        self.capabilities = subject.runtime.capabilities - missing
        self.subject = subject
        self.programs = subject.programs
        self._home = home
        self._ids = (f"cloche-lab-{os.getpid()}-{threading.get_ident()}-{n}" for n in count())
        self._boxes: list[Box] = []
        self.runtime = self.another_runtime()
        self.store = subject.store.open(self._context("store"))

    def _context(self, kind: str) -> BackendContext:
        return BackendContext(home=self._home / kind, owner=_OWNER)

    def another_runtime(self) -> Runtime:
        """Open the runtime once more, as another process of the same owner does."""
        return self.subject.runtime.open(self._context("runtime"))

    def request(
        self,
        args: Args = (),
        *,
        idle: bool = False,
        terminal: Size | None = None,
        files: Sequence[tuple[str, bytes]] = (),
        lifetime: Lifetime | None = None,
    ) -> CreateRequest:
        """Ask for a container; nothing is made."""
        id = next(self._ids)  # noqa: A001 - as the contract calls it
        state = self._home / "state" / id
        state.mkdir(parents=True)
        spec = self.subject.spec(id, args, terminal)
        return CreateRequest(
            id=id,
            spec=spec.replace(root=Root(path="rootfs")),
            layers=self.subject.layers,
            state=state,
            idle=idle,
            files=tuple(files),
            lifetime=lifetime or self.subject.lifetime,
        )

    def box(self, request: CreateRequest, streams: LabStreams) -> tuple[Box, RootFilesystem]:
        """Prepare a container up to its root, to be taken away when the test ends."""
        box = Box(self, request, streams)
        self._boxes.append(box)
        offers = self.subject.store.offers
        form = next(form for form in self.runtime.accepts(request) if form in offers)
        root = self.store.prepare(request.id, request.layers, form, volatile=True, size=None)
        if root.path is not None:
            spec = request.spec.replace(root=Root(path=root.path))
            box.request = replace(request, spec=spec)
        return box, root

    def create(
        self,
        args: Args = (),
        *,
        idle: bool = False,
        terminal: Size | None = None,
        merge_stderr: bool = False,
        files: Sequence[tuple[str, bytes]] = (),
        lifetime: Lifetime | None = None,
    ) -> Box:
        """Make a container that waits for its start."""
        request = self.request(args, idle=idle, terminal=terminal, files=files, lifetime=lifetime)
        streams = LabStreams(terminal=terminal, merge_stderr=merge_stderr)
        box, root = self.box(request, streams)
        box.create(root)
        return box

    def start(
        self,
        args: Args = (),
        *,
        idle: bool = False,
        terminal: Size | None = None,
        merge_stderr: bool = False,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> Box:
        """Make a container and start it."""
        box = self.create(
            args, idle=idle, terminal=terminal, merge_stderr=merge_stderr, files=files
        )
        box.start()
        return box

    def sleeper(self, lifetime: Lifetime | None = None) -> Box:
        """Start a container that does nothing, and wait until it does that."""
        box = self.create(self.programs.sleeps(), lifetime=lifetime)
        box.start()
        box.streams.read_until(b"ready")
        return box

    def discard(self, box: Box) -> None:
        """Take a container away before the test ends."""
        self._boxes.remove(box)
        box.close()

    def close(self) -> None:
        """Take away all that the test has made, whatever fails."""
        with ExitStack() as last_first:
            last_first.callback(self.store.close)
            last_first.callback(self.runtime.close)
            for box in reversed(self._boxes):
                last_first.callback(box.close)


def _bind(process: RuntimeProcess | None, streams: LabStreams) -> None:
    if process is not None and process.pipes is not None:
        streams.connect(process.pipes, relay_for(process))
    streams.release_ends()
