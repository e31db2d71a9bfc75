"""Contract: layer stores prepare root file systems and take them away again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum

from cloche.errors import NotSupported
from cloche.values import Value, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Literal

    from cloche.probe import Verdict
    from cloche.runtime import BackendContext
    from cloche.spec import Mount

__all__ = [
    "Change",
    "ChangeKind",
    "Layer",
    "LayerSource",
    "LayerStore",
    "LayerStoreDescriptor",
    "RootFilesystem",
]


class Layer(Value, kw_only=True):
    """One read-only part of a root file system."""

    #: ``directory``: ``path`` is a tree on this machine, in nobody's keeping. ``host``: the system
    #: of this machine, as far as it is meant to be seen. ``windows``: ``path`` is a folder as
    #: Windows' filter driver keeps its layers. Stores may know further kinds.
    kind: Literal["directory", "host"] | str
    #: Where the layer lies; None where the kind alone says it.
    path: Path | str | None = None
    #: Digest of the uncompressed layer (OCI diffID), where it came from an image.
    digest: str | None = None


class LayerSource(Value, kw_only=True):
    """An image's layer, as it is known before anybody has unpacked it."""

    #: Digest of the uncompressed archive (diffID of the OCI image-spec).
    digest: str
    #: The diffIDs of the layers below, topmost first: some stores unpack a layer onto its parents.
    parents: tuple[str, ...] = ()


class ChangeKind(Enum):
    """What became of a path since the container was made."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


class Change(Value):
    """One path that a container has changed in its root."""

    kind: ChangeKind
    #: Absolute, as the container sees it.
    path: str


class RootFilesystem(Value, kw_only=True):
    """A root as a layer store hands it to a runtime.

    ``form`` is an open string on which store and runtime agree: ``path`` (a mounted root),
    ``overlay`` (the runtime mounts it, in the container's own mount namespace), ``image`` (the
    runtime takes the reference), ``filter`` and ``filter:mounted`` (Windows).
    """

    form: str
    #: The root directory for ``path``; the place to mount at, or None, for others.
    path: str | None = None
    #: Mounts that belong to the root and come before those of the specification.
    mounts: tuple[Mount, ...] = ()
    #: The layers' directories, topmost first.
    layers: tuple[str, ...] = ()
    #: What the form needs beyond that (``upper``, ``work``, ``size``, …): small JSON.
    info: Mapping[str, object] = field(default_factory=dict)


class LayerStore(ABC):
    """Keeps layers and makes roots of them; thread-safe."""

    @abstractmethod
    def prepare(
        self, id: str, layers: Sequence[Layer], form: str, *, volatile: bool, size: int | None
    ) -> RootFilesystem:
        """Make a root of ``layers`` (topmost first) for the container ``id``.

        ``volatile``: its changes need not survive a crash of the machine. ``size``: the most bytes
        its changes may take; None for no limit. On an error nothing is left.

        Raises NotSupported for a form or kind of layer that this store does not offer, NotFound for
        a layer that is not there. Does not promise that the root is mounted.
        """

    @abstractmethod
    def release(self, id: str) -> None:
        """Take away all that ``prepare`` made for ``id``, from any half-made state.

        By id alone: there may be no memory of the preparation. Repeatable; an unknown id is fine.
        Raises CleanupFailed when something could not be removed.
        """

    @abstractmethod
    def list(self) -> Iterable[str]:
        """Name the containers for which this store holds something, half-made ones included."""

    # Layers of images, for stores that keep some.

    def find(self, source: LayerSource) -> Layer | None:
        """Look for a layer that was unpacked here, whole; None if there is none.

        Does not promise that its files are unchanged since.
        """
        raise self._keeps_none("find")

    def unpack(self, source: LayerSource, chunks: Iterable[bytes]) -> Layer:
        """Unpack an uncompressed archive, in pieces of any size, and keep the layer.

        ``chunks`` is read to its end before the layer counts as kept: whoever gives it checks the
        digest there, and raises. On any error nothing is kept and nothing is left. If the layer is
        there already, by whomever, it is given back, and ``chunks`` may stay unread. Callers see to
        it that one layer is not unpacked twice at once.

        Raises ImageError naming the entry of an archive that is damaged or hostile, NotFound for a
        parent that is not here, Unavailable where the disk is full.
        """
        raise self._keeps_none("unpack")

    def discard(self, source: LayerSource) -> None:
        """Take an unpacked layer away; repeatable. Nobody may use it, which callers see to."""
        raise self._keeps_none("discard")

    def unpacked(self) -> Iterable[LayerSource]:
        """Name the layers that are kept here, whole; ``parents`` are told where they matter."""
        return ()

    def changes(self, id: str) -> Iterable[Change]:
        """Tell what a container has changed in its root, sorted by path.

        Raises NotFound for a container that has no root here, NotSupported where changes are not
        kept. What changes meanwhile may be told or not.
        """
        raise self._keeps_none("changes")

    def archive(self, id: str) -> Iterable[bytes]:
        """Pack a container's changes as an uncompressed layer of an image, in pieces.

        Deletions are whiteouts as the OCI image-spec has them. Raises what ``changes`` does.
        """
        raise self._keeps_none("archive")

    def _keeps_none(self, operation: str) -> NotSupported:
        store = type(self).__name__
        return NotSupported(f"{store} keeps no layers of images", operation=operation)

    def close(self) -> None:
        """Give back what the store object itself holds; prepared roots stay."""


class LayerStoreDescriptor(Value, kw_only=True):
    """How a plug-in offers a layer store."""

    name: str
    #: The best score that ``probe`` may give (0 to 100).
    ceiling: int
    #: The forms of root it can prepare.
    offers: tuple[str, ...]
    #: The kinds of layer it takes. ``image``: it keeps layers of images (``find``, ``unpack``), and
    #: takes them as it gave them back, whatever kind that is.
    kinds: frozenset[str]
    probe: Callable[[str | None], Verdict]
    open: Callable[[BackendContext], LayerStore]
