"""The layer store of the native runtime: overlay roots, mounted by the container itself.

Nothing is mounted on the host: a root is a list of directories, and the overlay comes into being in
the container's own mount namespace and goes with it. What a store must take away is only the
directory of a container's changes. Layers of images are kept as overlays read them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import CleanupFailed, NotFound, NotSupported
from cloche.layers import Layer, RootFilesystem
from cloche_linux.layering.keeping import KeepsLayers, check_id, found_parts, visible
from cloche_linux.trash import Trash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloche.runtime import BackendContext
    from cloche.spec import Mount
    from cloche_linux.layering.parts import Part

__all__ = ["OverlayStore"]


class OverlayStore(KeepsLayers):
    """Makes roots for the form ``overlay`` beneath one directory.

    ``info`` of a root: ``upper`` and ``work`` (directories on this machine), or ``memory`` (bytes
    of a private tmpfs, 0 for the kernel's default size), in which changes live and vanish by
    themselves. A normal user's changes always live in memory: files of other ids that a container
    makes could not be removed by the user afterwards.
    """

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self._containers = os.path.join(home, "containers")
        self._host = os.path.join(home, "host")
        self._trash = Trash(os.path.join(home, "trash"))
        self._in_memory = os.geteuid() != 0

    @classmethod
    def open(cls, context: BackendContext) -> OverlayStore:
        return cls(str(context.home))

    def prepare(
        self, id: str, layers: Sequence[Layer], form: str, *, volatile: bool, size: int | None
    ) -> RootFilesystem:
        if form != "overlay":
            raise NotSupported(f"the overlay store does not offer roots of the form {form}")
        lowers = [_directory(layer) for layer in visible(layers) if layer.kind != "host"]
        if any(layer.kind == "host" for layer in layers):
            return self._over_host(id, lowers, size)
        info = self._changes(id, "root", size)
        self._note(id, {"": (info, lowers)})
        return RootFilesystem(form=form, layers=tuple(lowers), info=info)

    def _over_host(self, id: str, lowers: list[str], size: int | None) -> RootFilesystem:
        from cloche_linux.host.mounts import trees_and_submounts
        from cloche_linux.host.skeleton import skeleton

        base = skeleton(self._host)
        trees, submounts = trees_and_submounts()
        places = {tree: self._changes(id, _name(tree), size) for tree in trees}
        info = self._changes(id, "root", size)
        parts = {tree: (changes, [tree]) for tree, changes in places.items()}
        self._note(id, {"": (info, [*lowers, base]), **parts})
        return RootFilesystem(
            form="overlay",
            layers=(*lowers, base),
            mounts=(*(self._overlay_on(*place) for place in places.items()), *submounts),
            info=info,
        )

    def _overlay_on(self, tree: str, changes: dict[str, object]) -> Mount:
        from cloche.spec import Mount

        options = [f"{key}dir={changes[key]}" for key in ("upper", "work") if key in changes]
        options += ["scratch"] if "memory" in changes else []
        return Mount(
            destination=tree,
            type="overlay",
            source="overlay",
            options=(f"lowerdir={tree}", *options, "nodev"),
        )

    def _note(self, id: str, parts: dict[str, tuple[dict[str, object], list[str]]]) -> None:
        """Write down what the layers are, for who asks for changes; what is in memory is lost."""
        from cloche_linux.layering.parts import Part, note

        found = [
            Part(at=at, top=upper, layers=tuple(layers))
            for at, (changes, layers) in parts.items()
            if isinstance(upper := changes.get("upper"), str)
        ]
        if found:
            try:
                note(os.path.join(self._containers, id), found)
            except BaseException:
                self.release(id)
                raise

    def _parts(self, id: str) -> list[Part]:
        try:
            return found_parts(os.path.join(self._containers, check_id(id)), id)
        except NotFound as error:
            if not self._in_memory:
                error.hint = "with --storage-size changes are kept in memory, and not to be had"
                raise
            raise NotSupported(
                f"the changes of {id} are kept in memory and not to be had",
                hint="run it as root, or with --layer-store copy",
                container=id,
            ) from None

    def _changes(self, id: str, name: str, size: int | None) -> dict[str, object]:
        """Make the directories for one overlay's changes, unless they live in memory."""
        if self._in_memory or size is not None:
            return {"memory": size or 0}
        place = os.path.join(self._containers, id, name)
        upper, work = place + ".upper", place + ".work"
        try:
            self._make(os.path.dirname(place), upper, work)
        except BaseException:
            self.release(id)
            raise
        return {"upper": upper, "work": work}

    def _make(self, container: str, upper: str, work: str) -> None:
        try:
            os.mkdir(container, 0o700)
        except FileExistsError:
            pass
        except FileNotFoundError:
            os.makedirs(self._containers, 0o700, exist_ok=True)
            os.mkdir(container, 0o700)
        os.mkdir(upper, 0o755)
        os.chmod(upper, 0o755)  # noqa: S103 - a container's root; the umask is ours
        os.mkdir(work, 0o700)

    def release(self, id: str) -> None:
        try:
            self._trash.throw(os.path.join(self._containers, check_id(id)))
        except OSError as error:
            raise CleanupFailed(
                f"the writable layer of {id} remains: {error}",
                problems=[error],
                container=id,
                backend="overlay",
            ) from error

    def list(self) -> Iterable[str]:
        try:
            held = os.listdir(self._containers)
        except FileNotFoundError:
            held = []
        return sorted({*held, *self._trash.names()})

    def close(self) -> None:
        super().close()
        self._trash.finish()


def _name(tree: str) -> str:
    return tree.strip("/").replace("/", "-")


def _directory(layer: Layer) -> str:
    path = str(layer.path)
    if layer.kind != "directory":
        raise NotSupported(f"the overlay store does not take layers of the kind {layer.kind}")
    if not os.path.isdir(path):
        raise NotFound(f"root directory not found: {path}", hint="name an existing directory")
    return path if _is_plain(path) else os.path.realpath(path)


def _is_plain(path: str) -> bool:
    """Whether it means the same from everywhere, with no step back over what may be a link."""
    return os.path.isabs(path) and os.path.normpath(path) == path
