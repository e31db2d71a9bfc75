"""The layer store of the program fuse-overlayfs: an overlay that is mounted on the host.

For file systems and kernels that overlay does not work on. It is slower by far, and each root has a
process that serves it. The mount is there until it is released, whoever died meanwhile: by its path
it is found again.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from cloche.errors import CleanupFailed, InvalidSpec, NotSupported, Unavailable
from cloche.layers import RootFilesystem
from cloche.machine import refused
from cloche_linux.calls import detach
from cloche_linux.idmaps import find_program
from cloche_linux.layering.keeping import KeepsLayers, check_id, directories, found_parts
from cloche_linux.trash import Trash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloche.layers import Layer
    from cloche.runtime import BackendContext
    from cloche_linux.layering.parts import Part

__all__ = ["PROGRAM", "FuseStore", "mount", "mounting", "unmount"]

PROGRAM = "fuse-overlayfs"
_PATIENCE = 20.0
#: What its options can't have in a path.
_SPECIAL = frozenset(",:\\")


class FuseStore(KeepsLayers):
    """Makes roots of the form ``path``; of root only."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self._containers = os.path.join(home, "containers")
        self._trash = Trash(os.path.join(home, "trash"))

    @classmethod
    def open(cls, context: BackendContext) -> FuseStore:
        """Open the store; nothing is made."""
        return cls(str(context.home))

    def prepare(
        self, id: str, layers: Sequence[Layer], form: str, *, volatile: bool, size: int | None
    ) -> RootFilesystem:
        """Mount the layers; raises NotSupported if ``size`` is to be limited."""
        if form != "path":
            raise NotSupported(f"the {PROGRAM} store does not offer roots of the form {form}")
        if size is not None:
            raise NotSupported(
                f"the {PROGRAM} store can't limit a root's size",
                hint="use the layer store overlay",
            )
        below = directories(layers, PROGRAM)
        container = os.path.join(self._containers, check_id(id))
        try:
            root = self._make(container, below)
        except BaseException as error:
            self.release(id)
            if isinstance(error, OSError):
                raise refused(error, "prepare", operation="prepare", container=id) from error
            raise
        return RootFilesystem(form=form, path=root)

    def _make(self, container: str, layers: Sequence[str]) -> str:
        from cloche_linux.layering.parts import Part, note

        os.makedirs(self._containers, 0o700, exist_ok=True)
        os.mkdir(container, 0o700)
        upper = os.path.join(container, "upper")
        note(container, [Part(top=upper, layers=tuple(layers))])
        return mount(container, layers)

    def _parts(self, id: str) -> list[Part]:
        return found_parts(os.path.join(self._containers, check_id(id)), id)

    def release(self, id: str) -> None:
        """Unmount the root, and remove what the container changed."""
        container = os.path.join(self._containers, check_id(id))
        try:
            unmount(os.path.join(container, "root"))
            self._trash.throw(container)
        except OSError as error:
            raise CleanupFailed(
                f"the root of {id} remains: {error}",
                problems=[error],
                container=id,
                backend=PROGRAM,
            ) from error

    def list(self) -> Iterable[str]:
        """Name the containers that have a root."""
        try:
            held = os.listdir(self._containers)
        except FileNotFoundError:
            held = []
        return sorted({*held, *self._trash.names()})

    def close(self) -> None:
        super().close()
        self._trash.finish()


def mount(container: str, layers: Sequence[str]) -> str:
    """Mount layers, topmost first, at ``root`` in a directory, where their changes go, too.

    Raises Unavailable, InvalidSpec for a path that can't be said to the program.
    """
    command = mounting(container, layers)
    _take_after(layers[0], os.path.join(container, "upper"))
    _run(command, os.path.join(container, "said"))
    return command[-1]


def mounting(container: str, layers: Sequence[str]) -> list[str]:
    """Make the directories of a mount; what is to be run then, its last word the place."""
    for path in (container, *layers):
        if _SPECIAL & {*path}:
            raise InvalidSpec(f"{PROGRAM} takes no path with a comma or colon: {path}", path="path")
    program = find_program(PROGRAM)
    if program is None:
        raise Unavailable(f"{PROGRAM} is missing", remedy=f"install the package {PROGRAM}")
    root, upper, work = (os.path.join(container, name) for name in ("root", "upper", "work"))
    for directory in (root, upper, work):
        os.mkdir(directory, 0o755)
    options = f"lowerdir={':'.join(layers)},upperdir={upper},workdir={work}"
    return [program, "-o", options, root]


def unmount(root: str) -> None:
    """Unmount what is mounted there, however often; what is not mounted is fine."""
    try:
        while True:
            detach(root)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise


def _take_after(layer: str, upper: str) -> None:
    """The root itself is as the topmost layer has it."""
    status = os.stat(layer)
    os.chown(upper, status.st_uid, status.st_gid)
    os.chmod(upper, status.st_mode & 0o7777)


def _run(command: Sequence[str], said: str) -> None:
    """Run a program that goes on in the background when it is ready; it keeps what it writes to."""
    import subprocess

    with open(said, "w+b") as output:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=_PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{PROGRAM} did not answer in {_PATIENCE:g} s") from error
        output.seek(0)
        words = output.read(1000).decode("utf-8", "replace").strip()
    if done.returncode != 0:
        reason = words.splitlines()[-1] if words else f"it ended with {done.returncode}"
        raise Unavailable(f"{PROGRAM} can't mount here: {reason}", reason=reason)
