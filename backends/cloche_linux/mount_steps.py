"""Steps that fill the root: mounts, files and what is hidden.

Every target is a path inside the root to be, resolved as if that were "/" already: symbolic links
of an image never lead out of it, and missing targets are made beneath it, component by component.
"""

from __future__ import annotations

from cloche_linux.kernel import Attribute, Propagation
from cloche_linux.setup_steps import RECURSIVE, Option, SetupSteps, as_options
from cloche_linux.steps import Extra, Step, as_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

VERIFY_SOURCE = 16
RECURSIVE_ATTRIBUTES = 32
RECURSIVE_PROPAGATION = 128
RECURSIVE_IDMAP = 256
IDMAP = 512
COPY_MODE = 1024
COPY_UP = 2048
NO_LINK = 4096
OPEN_LINK = 16384
ON_LINK = 32768

Identity = tuple[int, int]
"""``st_dev`` and ``st_ino`` that a source must still have, else ESTALE."""


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
        idmap: Extra | None = None,
        copy_mode: bool = False,
        copy_up: bool = False,
        links: bool = True,
    ) -> None:
        """Mount a new file system on a directory of the root, made if missing (mode 0755).

        ELOOP if that is a symbolic link, unless ``links`` are followed.

        ``options`` are the file system's own (``size=…``); what is a mount's (``ro,nosuid``) goes
        into ``attributes``. ``ro`` for the super block too is the option ``("ro", None)``.
        ``idmap``: a user namespace whose maps the mount translates by. ``copy_mode``: it takes the
        permissions of the directory if there is one, ``copy_up``: it begins with what is there.
        """
        self._add(
            Step.MOUNT,
            as_path(target),
            as_path(source),
            as_options(options),
            as_path(fstype),
            flags=(COPY_MODE if copy_mode else 0)
            | (COPY_UP if copy_up else 0)
            | (0 if links else NO_LINK),
            number=-1 if idmap is None else idmap,
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
        recursive_propagation: bool = False,
        identity: Identity | None = None,
        tree: Extra | None = None,
        open_link: bool = False,
        on_link: bool = False,
    ) -> None:
        """Mount a file or directory of the host in the root.

        A missing target is made, as a directory or an empty file like the source. ``attributes``
        are added and ``clear`` removed, of the topmost mount or with ``recursive_attributes`` of
        all; likewise the propagation. ``tree``: what :meth:`clone_tree` kept in this place, with
        all of that decided there. ``open_link``: a source that is a symbolic link is shown itself,
        ``on_link``: a target that is one is itself mounted on.
        """
        flags = RECURSIVE if recursive else 0
        flags |= RECURSIVE_ATTRIBUTES if recursive_attributes else 0
        flags |= RECURSIVE_PROPAGATION if recursive_propagation else 0
        flags |= (OPEN_LINK if open_link else 0) | (ON_LINK if on_link else 0)
        self._source(
            Step.BIND,
            source,
            as_path(target),
            identity,
            flags=flags,
            number=-1 if tree is None else tree,
            first=int(attributes),
            second=int(clear),
            third=int(propagation),
        )

    def clone_tree(
        self,
        source: str | bytes,
        place: Extra,
        *,
        recursive: bool = True,
        attributes: Attribute | int = 0,
        clear: Attribute | int = 0,
        recursive_attributes: bool = False,
        propagation: Propagation = Propagation.KEEP,
        idmap: bool = False,
        recursive_idmap: bool = False,
        identity: Identity | None = None,
        open_link: bool = False,
    ) -> None:
        """Keep a copy of the mounts of the host at ``source`` for :meth:`bind`; before any other
        namespace is entered.

        The copy takes the ``place`` of a descriptor, with ``idmap`` of a user namespace whose maps
        it translates by (Linux 5.12; EINVAL for file systems that can't). The propagation is that
        of all its mounts.
        """
        flags = RECURSIVE | RECURSIVE_PROPAGATION if recursive else 0
        flags |= RECURSIVE_ATTRIBUTES if recursive_attributes else 0
        flags |= (IDMAP if idmap else 0) | (RECURSIVE_IDMAP if recursive_idmap else 0)
        flags |= OPEN_LINK if open_link else 0
        self._source(
            Step.CLONE_TREE,
            source,
            b"",
            identity,
            flags=flags,
            number=place,
            first=int(attributes),
            second=int(clear),
            third=int(propagation),
        )

    def _source(
        self,
        step: Step,
        source: str | bytes,
        target: bytes,
        identity: Identity | None,
        *,
        flags: int,
        number: int,
        first: int,
        second: int,
        third: int,
    ) -> None:
        device, inode = identity or (0, 0)
        self._add(
            step,
            target,
            as_path(source),
            device.to_bytes(8, "little") + inode.to_bytes(8, "little"),
            flags=flags | (VERIFY_SOURCE if identity else 0),
            number=number,
            first=first,
            second=second,
            third=third,
        )

    def remount(
        self,
        target: str | bytes,
        *,
        options: Iterable[Option] = (),
        attributes: Attribute | int = 0,
        clear: Attribute | int = 0,
        recursive: bool = False,
        propagation: Propagation = Propagation.KEEP,
    ) -> None:
        """Change a mount that exists, and with ``options`` its file system; EINVAL if the target
        is not one."""
        self._add(
            Step.REMOUNT,
            as_path(target),
            data=as_options(options),
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

    def symlink(self, path: str | bytes, target: str | bytes, *, exact: bool = False) -> None:
        """Make a symbolic link that says ``target``; whatever was there is left alone.

        ``exact``: EEXIST unless that is a link which says the same.
        """
        flags = VERIFY_SOURCE if exact else 0
        self._add(Step.SYMLINK, as_path(path), as_path(target), flags=flags)

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
