"""Contract: layer stores prepare root file systems and take them away again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal

from cloche.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from cloche.probe import Verdict
    from cloche.runtime import BackendContext
    from cloche.spec import Mount

__all__ = ["Layer", "LayerStore", "LayerStoreDescriptor", "RootFilesystem"]


class Layer(Value, kw_only=True):
    """One read-only part of a root file system."""

    #: ``directory``: ``path`` is a tree on this machine, in nobody's keeping. ``host``: the system
    #: of this machine, as far as it is meant to be seen. ``windows``: ``path`` is a folder as
    #: Windows' filter driver keeps its layers. Stores may know further kinds.
    kind: Literal["directory", "host"] | str
    #: Where the layer lies; None where the kind alone says it.
    path: Path | None = None
    #: Digest of the uncompressed layer (OCI diffID), where it came from an image.
    digest: str | None = None


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

    def close(self) -> None:
        """Give back what the store object itself holds; prepared roots stay."""


class LayerStoreDescriptor(Value, kw_only=True):
    """How a plug-in offers a layer store."""

    name: str
    #: The best score that ``probe`` may give (0 to 100).
    ceiling: int
    #: The forms of root it can prepare.
    offers: tuple[str, ...]
    #: The kinds of layer it takes.
    kinds: frozenset[str]
    probe: Callable[[str | None], Verdict]
    open: Callable[[BackendContext], LayerStore]
