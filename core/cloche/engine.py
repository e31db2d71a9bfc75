"""Engine: make containers, find them again, and clear up after those who could not."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, overload

from cloche.config import Settings, read_settings
from cloche.errors import InvalidSpec, NotFound
from cloche.locations import check_place, locate
from cloche.options import RUN, START
from cloche.owners import forget_the_dead, let_go
from cloche.records import Records
from cloche.request import ask

if TYPE_CHECKING:
    import builtins
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self, Unpack

    from cloche.container import Container
    from cloche.images import Images
    from cloche.journal import Entry
    from cloche.parameters import CreateOptions, RunOptions, StartOptions
    from cloche.result import Result
    from cloche.spec import Spec
    from cloche.survey import Backend
    from cloche.workshop import Workshop

__all__ = ["Engine"]


class Engine:
    """Chosen backends and a place to keep records; thread-safe, cheap to keep.

    A new Engine removes what processes that died have left behind.
    """

    def __init__(
        self,
        *,
        runtime: str | None = None,
        layer_store: str | None = None,
        stdio_driver: str | None = None,
        root: str | os.PathLike[str] | None = None,
        plugins: Sequence[object] = (),
        owner: str | None = None,
    ) -> None:
        """Name backends for all containers of this engine, or leave the choice to each request.

        ``root`` moves everything that is kept, as ``CLOCHE_ROOT`` does. ``plugins`` are registered
        beside those that are installed. ``owner`` marks what is ours in a service that others use,
        too; by default it tells users and places apart.

        Raises InvalidSpec for a configuration file that can't be understood, Unavailable for a
        place that another user made or could exchange.
        """
        settings = read_settings()
        self._settings = Settings(
            runtime=runtime or settings.runtime,
            layer_store=layer_store or settings.layer_store,
            stdio_driver=stdio_driver or settings.stdio_driver,
            plugins=settings.plugins,
            sources=settings.sources,
        )
        self._places = locate(settings.root if root is None else os.fspath(root))
        self._extra = tuple(plugins)
        self._owner = _owner(owner)
        self._shop: Workshop | None = None
        self._lock = Lock()
        check_place(self._places.run)
        check_place(self._places.data)
        self._clear_up()

    @overload
    def run(
        self, args: Sequence[str], *, text: Literal[True], **options: Unpack[RunOptions]
    ) -> Result[str]: ...
    @overload
    def run(
        self,
        args: Sequence[str],
        *,
        text: Literal[False] | None = None,
        **options: Unpack[RunOptions],
    ) -> Result[bytes]: ...
    def run(
        self, args: Sequence[str], *, text: bool | None = None, **options: Unpack[RunOptions]
    ) -> Result[Any]:
        """Run a command in a new container, wait for its end, and remove the container.

        Timeout, running out of memory and a non-zero exit are results; ``check=True`` raises
        CommandFailed. Raises InvalidSpec for wrong parameters and Unavailable or NotSupported for
        what can't be had, both before anything is made; CommandFailed if the program can't be run.
        Whatever is raised, KeyboardInterrupt too, nothing stays.
        """
        from cloche.running import run

        options["text"] = text  # type: ignore[typeddict-unknown-key]
        return run(self.workshop, ask("run", args, options, RUN))

    @overload
    def start(
        self,
        args: Sequence[str] | None = None,
        *,
        text: Literal[True],
        **options: Unpack[StartOptions],
    ) -> Container[str]: ...
    @overload
    def start(
        self,
        args: Sequence[str] | None = None,
        *,
        text: Literal[False] | None = None,
        **options: Unpack[StartOptions],
    ) -> Container[bytes]: ...
    def start(
        self,
        args: Sequence[str] | None = None,
        *,
        text: bool | None = None,
        **options: Unpack[StartOptions],
    ) -> Container[Any]:
        """Start a command in a new container (or ``idle=True``) and return at once.

        The container lives as long as this process at most, unless it is ``detached``. Raises what
        ``run`` does.
        """
        from cloche.beginning import start_container

        options["text"] = text  # type: ignore[typeddict-unknown-key]
        return start_container(self.workshop, ask("start", args, options, START))

    @overload
    def create(
        self, what: Spec, *, text: Literal[True], **options: Unpack[CreateOptions]
    ) -> Container[str]: ...
    @overload
    def create(
        self, what: Spec, *, text: Literal[False] | None = None, **options: Unpack[CreateOptions]
    ) -> Container[bytes]: ...
    @overload
    def create(
        self,
        what: Sequence[str] | None = None,
        *,
        text: bool | None = None,
        **options: Unpack[StartOptions],
    ) -> Container[Any]: ...
    def create(
        self, what: Spec | Sequence[str] | None = None, *, text: bool | None = None, **options: Any
    ) -> Container[Any]:
        """Make a container as ``start`` does, or from a whole OCI specification, and let it wait.

        ``Container.start`` lets it run; it stays until it is removed. The root of a specification
        is ``root.path``, used as it is (Linux), or made of ``windows.layerFolders``. Raises
        InvalidSpec with the JSON path or parameter of what is wrong, AlreadyExists for an id or
        name in use, and what ``start`` does; nothing is left then.
        """
        from cloche.beginning import create_container, create_from_options

        options["text"] = text
        if what is None or isinstance(what, (list, tuple)):
            return create_from_options(self.workshop, ask("create", what, options, START))
        from cloche.creating import ask_by_spec

        return create_container(self.workshop, ask_by_spec(what, options))

    def get(self, name: str) -> Container[bytes]:
        """Find a container by name, id, or unique prefix of an id, whoever made it.

        Raises NotFound, or InvalidSpec for a prefix of several.
        """
        from cloche.container import Container

        records = Records(self._places.run)
        try:
            entry = records.read(records.resolve(name))
        except NotFound:
            from cloche.strays import find_stray

            found = find_stray(self.workshop, name)
            if found is None:
                raise
            entry = found
        return Container(self.workshop, entry)

    def list(self, *, all: bool = False) -> builtins.list[Container[bytes]]:
        """List the running containers, oldest first; with ``all`` the others too.

        A container whose record is damaged is among the others; ``inspect`` tells its problem. So
        is one that has no record any more, where a service says that it is ours.
        """
        from cloche.container import Container
        from cloche.listing import find_all, find_running

        found = find_all(self.workshop) if all else find_running(self.workshop)
        return [Container(self.workshop, entry) for entry in found]

    @property
    def images(self) -> Images:
        """The images that are here, and the ways to get more."""
        return self.workshop.images

    def prune(self) -> builtins.list[str]:
        """Remove what processes that died have left behind; the ids of what was removed."""
        from cloche.orphans import release_orphans
        from cloche.removal import prune

        removed = prune(self.workshop)
        for store in self.workshop.chooser.stores_here():
            removed += release_orphans(self._places, store.backend, self.workshop.strays)
        return removed

    def backends(self) -> builtins.list[Backend]:
        """Say of each installed backend whether it works here, and why not."""
        from cloche.survey import survey

        return [*survey(self.workshop.plugins, self.workshop.verdicts)]

    def close(self) -> None:
        """Release handles of backends; containers live on as their lifetime says.

        The place is held on to as long as a container of this process is there.
        """
        with self._lock:
            shop, self._shop = self._shop, None
        if shop is not None:
            shop.chooser.close()
            let_go(self._places.run, shop.records.has_of)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def workshop(self) -> Workshop:
        """The engine's inside, made on first use. Not part of the interface."""
        if self._shop is None:
            with self._lock:
                if self._shop is None:
                    self._shop = self._open_workshop()
        return self._shop

    def _open_workshop(self) -> Workshop:
        from cloche.plugins import Plugins
        from cloche.survey import Verdicts
        from cloche.workshop import Workshop

        plugins = Plugins.load(self._settings.plugins, self._extra)
        return Workshop(
            plugins, Verdicts(self._places.run), self._settings, self._places, self._owner
        )

    def _clear_up(self) -> None:
        """What died before this engine is cleared up after."""
        records = Records(self._places.run)
        left: builtins.list[Entry] = []
        if records.ids():
            from cloche.removal import left_behind

            left = left_behind(records, self._places.run)
        dead = forget_the_dead(os.path.join(self._places.run, "owners"))
        if dead or not all(entry.may_live_on for entry in left):
            self.prune()
        elif left:
            from cloche.removal import prune

            prune(self.workshop)


def _owner(owner: str | None) -> str | None:
    if owner is not None and (not owner or not owner.isprintable()):
        raise InvalidSpec(f"owner: {owner!r} is not a proper one", path="owner")
    return owner
