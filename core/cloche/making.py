"""One container on its way into being: the steps that make something, and their undoing."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from cloche.journal import Header, Note, Step
from cloche.owners import owner_of
from cloche.spec import Root
from cloche.streams import abandon, bind, open_streams

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.choice import Opened
    from cloche.layers import LayerStore, RootFilesystem
    from cloche.record import Record
    from cloche.request import Asked
    from cloche.runtime import CreateRequest, Runtime, RuntimeContainer, RuntimeProcess
    from cloche.spec import Process
    from cloche.stdio import Streams
    from cloche.workshop import Workshop

__all__ = ["Made", "Making"]


class Made:
    """A container that runs, and all that was made for it."""

    __slots__ = (
        "args",
        "container",
        "first",
        "keep",
        "record",
        "removed",
        "runtime",
        "store",
        "streams",
    )

    def __init__(
        self,
        asked: Asked,
        first: Process,
        record: Record,
        runtime: Opened[Runtime],
        container: RuntimeContainer,
        store: LayerStore,
        streams: Streams,
    ) -> None:
        self.args = asked.args
        self.keep = asked.keep
        #: What its first process was made of: others in it are made alike.
        self.first = first
        self.record = record
        self.runtime = runtime
        self.container = container
        self.store = store
        self.streams = streams
        #: Its removal has begun.
        self.removed = False

    @property
    def process(self) -> RuntimeProcess:
        """Its first process."""
        assert self.container.init is not None
        return self.container.init


class Making:
    """One container on its way into being; it undoes what it did if it can't finish."""

    __slots__ = ("_asked", "_bound", "_form", "_request", "_runtime", "_shop", "_store", "_undo")

    def __init__(
        self,
        shop: Workshop,
        asked: Asked,
        request: CreateRequest,
        runtime: Opened[Runtime],
        store: Opened[LayerStore],
        form: str,
    ) -> None:
        self._shop = shop
        self._asked = asked
        self._request = request
        self._runtime = runtime
        self._store = store
        self._form = form
        self._bound = False
        self._undo: list[Callable[[], object]] = []

    def run(self) -> Made:
        """Walk all steps; each is undone, in reverse, if a later one fails."""
        try:
            record = self._record()
            root = self._root()
            streams = self._streams()
            record.creating(self._request.spec)
            container = self._create(root, streams)
            record.note(_starting(container))
            self._start(container, streams)
        except BaseException as error:
            undo(self._undo, error)
            raise
        first = self._request.spec.process
        assert first is not None
        return Made(
            self._asked,
            first,
            record,
            self._runtime,
            container,
            self._store.backend,
            streams,
        )

    def _record(self) -> Record:
        shop, request = self._shop, self._request
        header = _header(self._asked, request, self._runtime, self._store)
        record = shop.records.create(owner_of(shop.places.run), header)
        self._undo.append(lambda: shop.records.discard(record))
        if record.name is not None:
            while (holder := shop.records.reserve(record.name, record.id)) is not None:
                shop.make_way(record.name, holder, replace=self._asked.replace)
        return record

    def _root(self) -> RootFilesystem:
        request, store = self._request, self._store.backend
        self._undo.append(lambda: store.release(request.id))
        root = store.prepare(
            request.id,
            request.layers,
            self._form,
            volatile=not self._asked.keep,
            size=request.size,
        )
        if root.path is not None:
            spec = request.spec
            rooted = (spec.root or Root(path="")).replace(path=root.path)
            self._request = replace(request, spec=spec.replace(root=rooted))
        return root

    def _streams(self) -> Streams:
        request = self._request
        streams = open_streams(
            self._shop.chooser, self._asked, request.id, request.state, self._runtime.forms
        )
        self._undo.append(lambda: abandon(streams, bound=self._bound))
        return streams

    def _create(self, root: RootFilesystem, streams: Streams) -> RuntimeContainer:
        backend = self._runtime.backend
        container = backend.create(self._request, root, streams)
        self._undo += (container.close, container.delete)
        if backend.binds_stdio == "create":
            self._bind(container, streams)
        return container

    def _start(self, container: RuntimeContainer, streams: Streams) -> None:
        container.start(streams)
        if not self._bound:
            self._bind(container, streams)

    def _bind(self, container: RuntimeContainer, streams: Streams) -> None:
        self._bound = True
        bind(container.init, streams)


def undo(steps: list[Callable[[], object]], error: BaseException) -> None:
    """Take back what was done, last first; what goes wrong then is noted at the first error.

    The record, which was made first, stays if anything else could not be taken back.
    """
    problems = 0
    for step in reversed(steps):
        if problems and step is steps[0]:
            return
        try:
            step()
        except Exception as problem:  # noqa: BLE001 - the first error is the one to tell
            problems += 1
            error.add_note(f"and then, clearing up: {type(problem).__name__}: {problem}")


def _header(
    asked: Asked, request: CreateRequest, runtime: Opened[Runtime], store: Opened[LayerStore]
) -> Header:
    return Header(
        id=request.id,
        name=asked.name,
        created=time.time(),
        args=asked.args,
        runtime=runtime.name,
        layer_store=store.name,
        rootfs=asked.rootfs,
        labels=asked.labels,
        isolation=asked.isolation.value,
        keep=asked.keep,
        stop_signal=asked.stop_signal,
        stop_timeout=asked.stop_timeout,
    )


def _starting(container: RuntimeContainer) -> Note:
    init = container.init
    return Note(
        step=Step.STARTING,
        time=time.time(),
        info=container.info,
        pid=None if init is None else init.pid,
    )
