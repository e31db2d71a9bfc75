"""One container on its way into being: the steps that make something, and their undoing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cloche.journal import Header, Step
from cloche.layers import RootFilesystem
from cloche.made import Made, let_run, reached
from cloche.owners import owned
from cloche.spec import Root
from cloche.streams import abandon, open_streams
from cloche.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.choice import Opened
    from cloche.layers import LayerStore
    from cloche.record import Record
    from cloche.request import Asked
    from cloche.runtime import CreateRequest, Runtime
    from cloche.stdio import Streams
    from cloche.workshop import Workshop

__all__ = ["Making"]


class Making:
    """One container on its way into being; it undoes what it did if it can't finish."""

    __slots__ = ("_asked", "_form", "_made", "_request", "_runtime", "_shop", "_store", "_undo")

    def __init__(
        self,
        shop: Workshop,
        asked: Asked,
        request: CreateRequest,
        runtime: Opened[Runtime],
        store: Opened[LayerStore] | None,
        form: str,
    ) -> None:
        self._shop = shop
        self._asked = asked
        self._request = request
        self._runtime = runtime
        #: None: the root of the specification is used as it is.
        self._store = store
        self._form = form
        self._made: Made | None = None
        self._undo: list[Callable[[], object]] = []

    def run(self) -> Made:
        """Walk all steps; each is undone, in reverse, if a later one fails."""
        try:
            made = self._make()
            let_run(made)
        except BaseException as error:
            undo(self._undo, error)
            raise
        return made

    def create(self) -> Made:
        """Walk the steps before the start; each is undone, in reverse, if a later one fails."""
        try:
            made = self._make()
            made.record.note(reached(Step.CREATED, made.container, stdio=self._lasting()))
        except BaseException as error:
            undo(self._undo, error)
            raise
        return made

    def _lasting(self) -> dict[str, object] | None:
        """Where its streams go, if they are opened by whoever starts it."""
        if self._runtime.backend.binds_stdio == "create":
            return None
        from cloche.lasting import noted

        return noted(self._asked)

    def _make(self) -> Made:
        record = self._record()
        streams = self._streams()
        root = self._root()
        record.creating(self._request.spec)
        return self._create(record, root, streams)

    def _record(self) -> Record:
        shop, request = self._shop, self._request
        header = _header(self._asked, request, self._runtime, self._store)
        with owned(shop.places.run) as owner:
            record = shop.records.create(owner, header)
        self._undo += (lambda: shop.records.discard(record), record.close)
        if record.name is not None:
            while (holder := shop.records.reserve(record.name, record.id)) is not None:
                shop.make_way(record.name, holder, replace=self._asked.replace)
        return record

    def _root(self) -> RootFilesystem:
        request = self._request
        store = None if self._store is None else self._store.backend
        if store is None:
            assert request.spec.root is not None
            return RootFilesystem(form=self._form, path=request.spec.root.path)
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
        self._undo.append(
            lambda: abandon(streams, bound=self._made is not None and self._made.bound)
        )
        return streams

    def _create(self, record: Record, root: RootFilesystem, streams: Streams) -> Made:
        request, runtime = self._request, self._runtime
        container = runtime.backend.create(request, root, streams)
        self._undo += (container.close, container.delete)
        store = None if self._store is None else self._store.backend
        args, keep = self._asked.args, self._asked.keep
        made = Made(args, request.spec, record, runtime, container, store, streams, keep=keep)
        made.is_errand = self._asked.errand_of is not None
        self._made = made
        if runtime.backend.binds_stdio == "create":
            made.bind()
        return made


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
    asked: Asked,
    request: CreateRequest,
    runtime: Opened[Runtime],
    store: Opened[LayerStore] | None,
) -> Header:
    return Header(
        id=request.id,
        name=asked.name,
        created=time.time(),
        args=asked.args,
        runtime=runtime.name,
        layer_store=None if store is None else store.name,
        image=asked.image,
        image_digest=asked.image_digest,
        layers=tuple(layer.digest for layer in asked.layers if layer.digest is not None),
        rootfs=asked.rootfs,
        labels=asked.labels,
        isolation=asked.isolation.value,
        lifetime=request.lifetime.value,
        errand_of=asked.errand_of,
        keep=asked.keep,
        stop_signal=asked.stop_signal,
        stop_timeout=asked.stop_timeout,
    )
