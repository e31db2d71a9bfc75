"""Mounts as users ask for them."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Literal

from cloche.errors import InvalidSpec
from cloche.quantities import size as parse_size
from cloche.values import Value

if TYPE_CHECKING:
    from cloche import spec

__all__ = ["Mount", "check_source"]

#: ``SRC:DST[:options]``; a drive letter's colon separates nothing.
_VOLUME = re.compile(r"((?:[A-Za-z]:[\\/])?[^:]*):((?:[A-Za-z]:[\\/])?[^:]*)(?::([^:]*))?")


class Mount(Value, kw_only=True):
    """Something of this machine, or some memory, seen at a place in the container."""

    kind: Literal["bind", "tmpfs"]
    #: The absolute path in the container.
    target: str
    #: The path on this machine; relative ones start at the current directory. None for ``tmpfs``.
    source: str | None = None
    read_only: bool = False
    #: Mounts below the source come along (``bind`` only).
    recursive: bool = True
    #: Bytes (``tmpfs`` only); None for half of the memory.
    size: int | str | None = None
    #: Permissions of the new directory (``tmpfs`` only).
    mode: int | None = None

    @classmethod
    def bind(
        cls,
        source: str | os.PathLike[str],
        target: str,
        *,
        read_only: bool = False,
        recursive: bool = True,
    ) -> Mount:
        """Show a file or directory of this machine; it must exist, nothing is made."""
        return cls(
            kind="bind",
            source=os.fspath(source),
            target=target,
            read_only=read_only,
            recursive=recursive,
        )

    @classmethod
    def tmpfs(cls, target: str, *, size: int | str | None = None, mode: int | None = None) -> Mount:
        """Give an empty directory in memory; what is written there is gone afterwards."""
        return cls(kind="tmpfs", target=target, size=size, mode=mode)

    @classmethod
    def parse(cls, volume: str) -> Mount:
        """Read ``SRC:DST[:ro]``; InvalidSpec for anything else."""
        found = _VOLUME.fullmatch(volume)
        if not found or not found[1] or (found[3] or "rw") not in ("ro", "rw"):
            raise InvalidSpec(
                f"volumes: {volume!r} is not SRC:DST[:ro]",
                path="volumes",
                hint="-v ./data:/data:ro",
            )
        return cls.bind(found[1], found[2], read_only=found[3] == "ro")

    @classmethod
    def parse_tmpfs(cls, text: str) -> Mount:
        """Read ``/path[:size=64M,mode=1777,ro]``; InvalidSpec for anything else."""
        target, _, options = text.partition(":")
        parts = [part.partition("=") for part in options.split(",") if part]
        given = {name: value for name, _, value in parts}
        read_only = "ro" in given
        given.pop("ro", None)
        given.pop("rw", None)
        size, mode = given.pop("size", None), given.pop("mode", None)
        if given or (mode is not None and not re.fullmatch("[0-7]{1,4}", mode)):
            raise InvalidSpec(
                f"tmpfs: {text!r} is not PATH[:size=SIZE,mode=OCTAL,ro]", path="tmpfs"
            )
        bits = None if mode is None else int(mode, 8)
        return cls(kind="tmpfs", target=target, size=size, mode=bits, read_only=read_only)

    def to_spec(self, parameter: str) -> spec.Mount:
        """Check it, and put it into the specification's words.

        Raises InvalidSpec for a source that does not exist or a target that is no absolute path;
        ``parameter`` is what the error names.
        """
        target = _target(parameter, self.target)
        if self.kind == "tmpfs":
            return self._memory(parameter, target)
        source = os.path.abspath(os.path.expanduser(self.source or ""))
        check_source(parameter, self, source)
        return _spec_mount(target, "bind", source, self._bind_options())

    def _bind_options(self) -> tuple[str, ...]:
        bind = "rbind" if self.recursive else "bind"
        if not self.read_only:
            return (bind, "rw")
        # A read-only mount with writable ones below it would be read-only in name only.
        return (bind, "ro", "rro") if self.recursive else (bind, "ro")

    def _memory(self, parameter: str, target: str) -> spec.Mount:
        options = ["nosuid", "nodev", "ro" if self.read_only else "rw"]
        options += [f"mode={1777 if self.mode is None else format(self.mode, 'o')}"]
        if self.size is not None:
            options.append(f"size={parse_size(parameter, self.size)}")
        return _spec_mount(target, "tmpfs", "tmpfs", tuple(options))


def _spec_mount(target: str, kind: str, source: str, options: tuple[str, ...]) -> spec.Mount:
    from cloche import spec

    return spec.Mount(destination=target, type=kind, source=source, options=options)


def _target(parameter: str, target: str) -> str:
    if not target.startswith("/") or os.path.normpath(target) in ("/", "//") or "\0" in target:
        raise InvalidSpec(
            f"{parameter}: {target!r} is not an absolute path in the container", path=parameter
        )
    return target


def check_source(parameter: str, mount: Mount, source: str) -> None:
    """Raise InvalidSpec for a source that does not exist, or is a device."""
    try:
        kind = os.stat(source).st_mode
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        why = "does not exist" if missing else "can't be seen"
        raise InvalidSpec(
            f"{parameter}: {mount.source}:{mount.target}: {source} {why}",
            path=parameter,
            hint=f"mkdir -p {mount.source}; Cloche never creates it" if missing else None,
        ) from None
    if stat.S_ISSOCK(kind) or stat.S_ISREG(kind) or stat.S_ISDIR(kind) or stat.S_ISFIFO(kind):
        return
    raise InvalidSpec(
        f"{parameter}: {source} is a device", path=parameter, hint="devices are given by --device"
    )
