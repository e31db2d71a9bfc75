"""Where containers are made: the steps from a request to a running process, in their order."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cloche.choice import Chooser
from cloche.errors import AlreadyExists
from cloche.journal import Header, Note, Step
from cloche.needs import layers_of, wants_of
from cloche.owners import owner_of
from cloche.records import Records
from cloche.runtime import CreateRequest
from cloche.spec import Root
from cloche.specification import group_names, specify
from cloche.streams import abandon, bind, open_streams

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.choice import Opened
    from cloche.config import Settings
    from cloche.layers import LayerStore, RootFilesystem
    from cloche.locations import Locations
    from cloche.plugins import Plugins
    from cloche.records import Record
    from cloche.request import Asked
    from cloche.runtime import Capability, Runtime, RuntimeContainer, RuntimeProcess
    from cloche.spec import Process
    from cloche.stdio import Streams
    from cloche.survey import Verdicts

__all__ = ["Made", "Workshop"]


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


class Workshop:
    """The backends and records of one engine."""

    def __init__(
        self, plugins: Plugins, verdicts: Verdicts, settings: Settings, places: Locations
    ) -> None:
        self.plugins = plugins
        self.verdicts = verdicts
        self.places = places
        self.chooser = Chooser(plugins, verdicts, settings, places)
        self.records = Records(places.run)

    def make(self, asked: Asked) -> Made:
        """Make a container and start it; on any error nothing of it is left.

        Everything is checked, by core and by the runtime, before anything is made.
        """
        wants, parameters = wants_of(asked)
        runtime = self.chooser.runtime(wants, parameters)
        request = self._changed(_request(asked, self.records, wants.needs))
        forms = runtime.backend.accepts(request)
        store, form = self.chooser.store(wants, forms)
        return Making(self, asked, request, runtime, store, form).run()

    def _changed(self, request: CreateRequest) -> CreateRequest:
        """Let plug-ins change the specification; its root is not theirs."""
        if not self.plugins.changes_specs:
            return request
        spec = self.plugins.change_spec(request)
        return replace(request, spec=spec.replace(root=request.spec.root))

    def make_way(self, name: str, holder: str, *, replace: bool) -> None:
        """Remove the container that has the name, if ``replace``; else AlreadyExists."""
        from cloche.finding import state_of
        from cloche.removal import remove

        if replace:
            remove(self, holder, force=True)
            return
        state = state_of(self, self.records.read(holder))
        raise AlreadyExists(
            f"name in use: {name} ({state.value})",
            hint=f"cloche rm -f {name}, or --replace",
            container=name,
        )


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


def _request(asked: Asked, records: Records, needs: frozenset[Capability]) -> CreateRequest:
    new = os.urandom(6).hex()
    spec = specify(asked, new)
    # A placeholder, until the layer store has made the root: most have no path of their own.
    root = Root(path="rootfs", readonly=True if asked.read_only else None)
    return CreateRequest(
        id=new,
        spec=spec.replace(root=root),
        layers=layers_of(asked),
        isolation=asked.isolation,
        needs=needs,
        state=Path(records.directory(new)),
        preserve_fds=asked.preserve_fds,
        init=asked.init,
        idle=asked.idle,
        groups=group_names(asked),
        files=asked.files,
        unenforced=asked.allow_unenforced,
        size=asked.storage_size,
    )


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
