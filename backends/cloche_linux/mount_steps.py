"""Steps that fill the root: mounts, files and what is hidden.

Every target is a path inside the root to be, resolved as if that were "/" already: symbolic links
of an image never lead out of it, and missing targets are made beneath it, component by component.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cloche_linux.kernel import Attribute, Propagation
from cloche_linux.setup_steps import RECURSIVE, Option, SetupSteps, as_options
from cloche_linux.steps import Extra, Step, as_path

VERIFY_SOURCE = 16
RECURSIVE_ATTRIBUTES = 32


class MountSteps(SetupSteps):
    """The second part of a plan: what is mounted, written, masked below the root. Before pivot."""

    __slots__ = ()

    def mount(
        self,
        fstype: str,
        target: str | bytes,
        source: str = "",
        *,
        options: Iterable[Option] = (),
        attributes: Attribute | int = 0,
        propagation: Propagation = Propagation.KEEP,
    ) -> None:
        """Mount a new file system on a directory of the root, made if missing (mode 0755).

        ``options`` are the file system's own (``size=…``); what is a mount's (``ro,nosuid``) goes
        into ``attributes``. ``ro`` for the super block too is the option ``("ro", None)``.
        """
        self._add(
            Step.MOUNT,
            as_path(target),
            as_path(source),
            as_options(options),
            as_path(fstype),
            first=int(attributes),
            third=int(propagation),
        )

    def overlay(
        self,
        target: str | bytes,
        lowers: Sequence[str | bytes],
        upper: str | bytes | None = None,
        work: str | bytes | None = None,
        *,
        scratch: bool = False,
        options: Iterable[Option] = (),
        attributes: Attribute | int = 0,
    ) -> None:
        """Mount an overlay of host directories on a directory of the root; else as
        ``root_overlay``."""
        self._overlay(Step.OVERLAY, target, lowers, upper, work, scratch, options, int(attributes))

    def bind(
        self,
        source: str | bytes,
        target: str | bytes,
        *,
        recursive: bool = True,
        attributes: Attribute | int = 0,
        clear: Attribute | int = 0,
        recursive_attributes: bool = False,
        propagation: Propagation = Propagation.KEEP,
        identity: tuple[int, int] | None = None,
        idmap: Extra | None = None,
    ) -> None:
        """Mount a file or directory of the host in the root.

        A missing target is made, as a directory or an empty file like the source. ``attributes``
        are added and ``clear`` removed, of the topmost mount or with ``recursive_attributes`` of
        all. ``identity`` is the ``(st_dev, st_ino)`` the source must still have, else ESTALE.
        ``idmap`` is a user namespace whose maps the mount translates by (Linux 5.12, file systems
        that can).
        """
        flags = RECURSIVE if recursive else 0
        flags |= RECURSIVE_ATTRIBUTES if recursive_attributes else 0
        flags |= VERIFY_SOURCE if identity else 0
        device, inode = identity or (0, 0)
        self._add(
            Step.BIND,
            as_path(target),
            as_path(source),
            device.to_bytes(8, "little") + inode.to_bytes(8, "little"),
            flags=flags,
            number=-1 if idmap is None else idmap,
            first=int(attributes),
            second=int(clear),
            third=int(propagation),
        )

    def remount(
        self,
        target: str | bytes,
        *,
        attributes: Attribute | int = 0,
        clear: Attribute | int = 0,
        recursive: bool = False,
        propagation: Propagation = Propagation.KEEP,
    ) -> None:
        """Change attributes or propagation of a mount that exists; EINVAL if the target is not
        one."""
        self._add(
            Step.REMOUNT,
            as_path(target),
            flags=RECURSIVE if recursive else 0,
            first=int(attributes),
            second=int(clear),
            third=int(propagation),
        )

    def directory(self, path: str | bytes, mode: int = 0o755, uid: int = 0, gid: int = 0) -> None:
        """Make a directory and those above it; one that exists stays as it is, mode and owner
        included."""
        self._add(Step.DIRECTORY, as_path(path), number=mode, first=uid, second=gid)

    def device(self, path: str | bytes, mode: int, device: int, uid: int = 0, gid: int = 0) -> None:
        """Make a device or FIFO: ``mode`` with its type (``stat.S_IFCHR | 0o666``),
        ``os.makedev(…)``.

        One that exists with the same type and number gets mode and owner; anything else is EEXIST.
        Not permitted in a user namespace: bind the host's there.
        """
        self._add(Step.DEVICE, as_path(path), number=mode, first=device, second=uid, third=gid)

    def symlink(self, path: str | bytes, target: str | bytes) -> None:
        """Make a symbolic link that says ``target``; whatever non-directory was there is left
        alone."""
        self._add(Step.SYMLINK, as_path(path), as_path(target))

    def file(
        self, path: str | bytes, content: bytes, mode: int = 0o644, uid: int = 0, gid: int = 0
    ) -> None:
        """Write a file, made anew in place of any file or link there; never follows the last
        component."""
        self._add(Step.FILE, as_path(path), data=content, number=mode, first=uid, second=gid)

    def mask(self, path: str | bytes) -> None:
        """Hide a path: a directory under an empty read-only tmpfs, a file under the container's
        null device.

        A path that does not exist is no failure. Files need a genuine ``/dev/null`` in the root
        (ENODEV).
        """
        self._add(Step.MASK, as_path(path))

    def read_only(self, path: str | bytes) -> None:
        """Make a path and what is mounted below it read-only. One that does not exist is no
        failure."""
        self._add(Step.READ_ONLY, as_path(path), first=int(Attribute.RDONLY))
