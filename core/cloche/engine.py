"""Engine: make containers, find them again, and clear up after those who could not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    import builtins
    import os
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self, Unpack

    from cloche.container import Container
    from cloche.parameters import RunOptions, StartOptions
    from cloche.plugins import Backend
    from cloche.result import Result

__all__ = ["Engine"]


class Engine:
    """Chosen backends and a place to keep records; thread-safe, cheap to keep.

    The first Engine of a process removes what processes that died have left behind.
    """

    def __init__(
        self,
        *,
        runtime: str | None = None,
        layer_store: str | None = None,
        stdio_driver: str | None = None,
        root: str | os.PathLike[str] | None = None,
        plugins: Sequence[object] = (),
    ) -> None:
        """Name backends for all containers of this engine, or leave the choice to each request.

        ``root`` moves everything that is kept, as ``CLOCHE_ROOT`` does. ``plugins`` are registered
        beside those that are installed.
        """
        raise NotImplementedError

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
        raise NotImplementedError

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

        The container lives as long as this process at most. Raises what ``run`` does.
        """
        raise NotImplementedError

    def get(self, name: str) -> Container[bytes]:
        """Find a container by name, id, or unique prefix of an id, whoever made it.

        Raises NotFound, or InvalidSpec for a prefix of several.
        """
        raise NotImplementedError

    def list(self, *, all: bool = False) -> builtins.list[Container[bytes]]:
        """List the running containers, oldest first; with ``all`` the others too.

        A container whose record is damaged is among the others, with its ``problem``.
        """
        raise NotImplementedError

    def prune(self) -> builtins.list[str]:
        """Remove what processes that died have left behind; the ids of what was removed."""
        raise NotImplementedError

    def backends(self) -> builtins.list[Backend]:
        """Say of each installed backend whether it works here, and why not."""
        raise NotImplementedError

    def close(self) -> None:
        """Release handles of backends; containers live on as their lifetime says."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
