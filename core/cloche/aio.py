"""The same API for asyncio: the same names and parameters, with ``await`` in front of every verb.

No thread is parked for a container: its end and its output are descriptors in the event loop. What
makes, stops or removes something runs in a thread for as long as it takes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal, overload

from cloche._aio_container import Container, Process
from cloche._aio_run import run_in
from cloche._aio_verbs import to_the_end
from cloche.api import default_engine
from cloche.beginning import start_container

if TYPE_CHECKING:
    import builtins
    import os
    from collections.abc import Sequence
    from typing import Unpack

    from cloche import engine as blocking
    from cloche.parameters import CreateOptions, RunOptions, StartOptions
    from cloche.result import Result
    from cloche.spec import Spec

__all__ = ["Container", "Engine", "Process", "create", "get", "list", "run", "start"]


class Engine:
    """``cloche.Engine`` for asyncio; takes the same parameters, or an engine to share."""

    def __init__(
        self,
        *,
        runtime: str | None = None,
        layer_store: str | None = None,
        stdio_driver: str | None = None,
        root: str | os.PathLike[str] | None = None,
        plugins: Sequence[object] = (),
        owner: str | None = None,
        engine: blocking.Engine | None = None,
    ) -> None:
        from cloche.engine import Engine

        self._engine = engine or Engine(
            runtime=runtime,
            layer_store=layer_store,
            stdio_driver=stdio_driver,
            root=root,
            plugins=plugins,
            owner=owner,
        )

    @overload
    async def run(
        self, args: Sequence[str], *, text: Literal[True], **options: Unpack[RunOptions]
    ) -> Result[str]: ...
    @overload
    async def run(
        self,
        args: Sequence[str],
        *,
        text: Literal[False] | None = None,
        **options: Unpack[RunOptions],
    ) -> Result[bytes]: ...
    async def run(
        self, args: Sequence[str], *, text: bool | None = None, **options: Unpack[RunOptions]
    ) -> Result[Any]:
        """Run a command in a new container, wait for its end, and remove the container.

        As ``cloche.run``. Cancelling kills and removes it before CancelledError goes on.
        """
        from cloche.options import RUN
        from cloche.request import ask

        asked = ask("run", args, {**options, "text": text}, RUN)
        return await run_in(self._engine.workshop, asked)

    async def start(
        self,
        args: Sequence[str] | None = None,
        *,
        text: bool | None = None,
        **options: Unpack[StartOptions],
    ) -> Container:
        """Start a command in a new container (or ``idle=True``) and return at once.

        As ``cloche.start``. If it is cancelled, nothing of the container stays.
        """
        from cloche.options import START
        from cloche.request import ask

        asked = ask("start", args, {**options, "text": text}, START)
        shop = self._engine.workshop
        started = await to_the_end(
            lambda: start_container(shop, asked), undo=lambda made: made.remove(force=True)
        )
        return Container(started)

    @overload
    async def create(
        self, what: Spec, *, text: bool | None = None, **options: Unpack[CreateOptions]
    ) -> Container: ...
    @overload
    async def create(
        self,
        what: Sequence[str] | None = None,
        *,
        text: bool | None = None,
        **options: Unpack[StartOptions],
    ) -> Container: ...
    async def create(
        self, what: Spec | Sequence[str] | None = None, *, text: bool | None = None, **options: Any
    ) -> Container:
        """Make a container as ``start`` does, or from a whole OCI specification, and let it wait.

        As ``cloche.create``. If it is cancelled, nothing of the container stays.
        """
        created = await to_the_end(
            lambda: self._engine.create(what, text=text, **options),  # type: ignore[arg-type]
            undo=lambda made: made.remove(force=True),
        )
        return Container(created)

    async def get(self, name: str) -> Container:
        """Find a container by name, id, or unique prefix of an id, whoever made it."""
        return Container(await asyncio.to_thread(self._engine.get, name))

    async def list(self, *, all: bool = False) -> builtins.list[Container]:
        """List the running containers, oldest first; with ``all`` the others too."""
        found = await asyncio.to_thread(self._engine.list, all=all)
        return [Container(each) for each in found]


def _default() -> Engine:
    return Engine(engine=default_engine())


@overload
async def run(
    args: Sequence[str], *, text: Literal[True], **options: Unpack[RunOptions]
) -> Result[str]: ...
@overload
async def run(
    args: Sequence[str], *, text: Literal[False] | None = None, **options: Unpack[RunOptions]
) -> Result[bytes]: ...
async def run(
    args: Sequence[str], *, text: bool | None = None, **options: Unpack[RunOptions]
) -> Result[Any]:
    """Run a command in a new container, wait for its end, and remove the container."""
    return await _default().run(args, text=text, **options)  # type: ignore[arg-type]


async def start(
    args: Sequence[str] | None = None,
    *,
    text: bool | None = None,
    **options: Unpack[StartOptions],
) -> Container:
    """Start a command in a new container (or ``idle=True``) and return at once."""
    return await _default().start(args, text=text, **options)


@overload
async def create(
    what: Spec, *, text: bool | None = None, **options: Unpack[CreateOptions]
) -> Container: ...
@overload
async def create(
    what: Sequence[str] | None = None,
    *,
    text: bool | None = None,
    **options: Unpack[StartOptions],
) -> Container: ...
async def create(
    what: Spec | Sequence[str] | None = None, *, text: bool | None = None, **options: Any
) -> Container:
    """Make a container as ``start`` does, or from a whole OCI specification, and let it wait."""
    return await _default().create(what, text=text, **options)


async def get(name: str) -> Container:
    """Find a container by name, id, or unique prefix of an id, whoever made it."""
    return await _default().get(name)


async def list(*, all: bool = False) -> builtins.list[Container]:  # noqa: A001
    """List the running containers, oldest first; with ``all`` the others too."""
    return await _default().list(all=all)
