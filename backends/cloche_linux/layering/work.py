"""Who works on layers: root here, in this process; others in a user namespace of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cloche_linux.privileges import privileges

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloche_linux.trash import Trash

__all__ = ["Worker", "worker"]


class Worker(Protocol):
    """Makes files that have owners, and takes them away."""

    def untar(self, layer: int, chunks: Iterable[bytes]) -> tuple[bytes, ...]:
        """Unpack an archive into an open directory, as ``layering.untar`` does."""
        ...

    def adopt(self, layer: int, implied: Sequence[bytes], parents: Sequence[str]) -> None:
        """Give directories what lower layers say of them, as ``layering.adopting`` does."""
        ...

    def copy(self, layers: Sequence[str], root: str) -> None:
        """Copy layers into a directory, as ``layering.copying`` does."""
        ...

    def remove(self, path: str, trash: Trash) -> None:
        """Take a directory away; FileNotFoundError if there is none."""
        ...


class Root:
    """Root works here."""

    def untar(self, layer: int, chunks: Iterable[bytes]) -> tuple[bytes, ...]:
        from cloche_linux.layering.untar import Rules, untar

        return untar(layer, chunks, Rules())

    def adopt(self, layer: int, implied: Sequence[bytes], parents: Sequence[str]) -> None:
        from cloche_linux.layering.adopting import adopt

        adopt(layer, implied, parents)

    def copy(self, layers: Sequence[str], root: str) -> None:
        from cloche_linux.layering.copying import copy_layers

        copy_layers(layers, root)

    def remove(self, path: str, trash: Trash) -> None:
        trash.throw(path)


def worker() -> Worker:
    """Return who does it for this user."""
    if not privileges().rootless:
        return Root()
    from cloche_linux.layering.inside import Inside

    return Inside()
