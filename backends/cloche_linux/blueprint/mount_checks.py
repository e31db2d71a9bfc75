"""Mounts that can't work, found out before anything is made."""

from __future__ import annotations

import os

from cloche.errors import InvalidSpec, NotFound, NotSupported
from cloche_linux.blueprint.options import is_own, is_translating, parse
from cloche_linux.kernel import Namespace
from cloche_linux.privileges import privileges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.spec import Mount
    from cloche_linux.blueprint.namespaces import Namespaces

__all__ = ["check_mounts", "is_bind", "is_translated", "place_of"]

_BINDING = frozenset({"bind", "rbind"})
_NOT_FOLLOWING = ("src-nofollow", "dest-nofollow")
_LINKS = ("copy-symlink", *_NOT_FOLLOWING)
#: What podman notes of its volumes, and hands on.
_OF_VOLUMES = frozenset({"copy", "nocopy"})


def is_bind(mount: Mount) -> bool:
    """Tell whether a mount shows something of the host's, by its type or an option."""
    return mount.type == "bind" or not _BINDING.isdisjoint(mount.options or ())


def is_translated(mount: Mount) -> bool:
    """Tell whether a mount shows files with other owners than they have."""
    asked = any(map(is_translating, mount.options or ()))
    return asked or bool(mount.uid_mappings or mount.gid_mappings)


def place_of(mount: Mount) -> str:
    """Where it is, as the shortest path from the root; a relative path begins there, too."""
    return os.path.normpath(f"/{mount.destination.lstrip('/')}")


def check_mounts(mounts: Iterable[Mount], namespaces: Namespaces) -> None:
    """Raise InvalidSpec, NotSupported, or NotFound for a source that is not there."""
    for number, mount in enumerate(mounts):
        where = f"mounts[{number}]"
        if is_bind(mount) and not parse(mount.options or ()).remount:
            _check_source(mount, where)
            _check_options_of_bind(mount, where)
        elif not mount.type and "remount" not in (mount.options or ()):
            raise InvalidSpec(
                "there is no type of file system, and it is no bind mount", path=f"{where}.type"
            )
        if "tmpcopyup" in (mount.options or ()):
            _check_copying(mount, where)
        if not frozenset(_LINKS).isdisjoint(mount.options or ()):
            _check_links(mount, where)
        if is_translated(mount):
            _check_translation(mount, where, namespaces)


def _check_source(mount: Mount, where: str) -> None:
    if not mount.source:
        raise InvalidSpec("a bind mount needs a source", path=f"{where}.source")
    try:
        options = parse(mount.options or ())
        os.stat(mount.source, follow_symlinks=not (options.open_link or options.copy_link))
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else error.strerror
        raise NotFound(
            f"mount source {mount.source}: {reason}",
            hint=f"mkdir -p {mount.source}; Cloche never creates it",
        ) from error


def _check_options_of_bind(mount: Mount, where: str) -> None:
    """Refuse words that nobody knows; values for a file system are passed over.

    That one is mounted already, so the kernel does so, too, and callers of other runtimes leave
    ``mode=755`` or ``size=1k`` in, and podman what it does with a volume before.
    """
    for number, option in enumerate(mount.options or ()):
        if is_own(option) and "=" not in option and option not in _OF_VOLUMES:
            raise InvalidSpec(
                f"{option} is for a file system of its own, and a bind mount makes none",
                path=f"{where}.options[{number}]",
            )


def _check_copying(mount: Mount, where: str) -> None:
    path = _path_of_option(mount, where, ("tmpcopyup",))
    if mount.type != "tmpfs" or is_bind(mount):
        raise InvalidSpec("only a tmpfs begins with what it hides", path=path)
    if place_of(mount) == "/":
        raise InvalidSpec("the root itself can't be copied", path=path)


def _check_links(mount: Mount, where: str) -> None:
    path = _path_of_option(mount, where, _LINKS)
    if not is_bind(mount):
        raise InvalidSpec("only bind mounts have links at their ends", path=path)
    options = parse(mount.options or ())
    if options.copy_link and (options.open_link or options.on_link):
        path = _path_of_option(mount, where, _NOT_FOLLOWING)
        raise InvalidSpec("a link that is copied is not mounted, nor on a link", path=path)


def _check_translation(mount: Mount, where: str, namespaces: Namespaces) -> None:
    path = _path_of_translation(mount, where)
    if privileges().rootless:
        raise NotSupported(f"{path}: only root may show files with other owners", backend="linux")
    if parse(mount.options or ()).maps:
        from cloche_linux.blueprint.translations import named_maps

        named_maps(mount, namespaces.maps, path)
    elif not mount.uid_mappings and not namespaces.in_user_namespace:
        raise InvalidSpec(
            "there are neither ids of the mount's own nor a user namespace whose they could be",
            path=path,
            hint="give uidMappings and gidMappings beside it",
        )
    if not is_bind(mount) and namespaces.has_own(Namespace.USER):
        raise NotSupported(
            f"{path}: in a user namespace only bind mounts have ids of their own", backend="linux"
        )


def _path_of_option(mount: Mount, where: str, names: tuple[str, ...]) -> str:
    for number, option in enumerate(mount.options or ()):
        if option in names:
            return f"{where}.options[{number}]"
    return where


def _path_of_translation(mount: Mount, where: str) -> str:
    for number, option in enumerate(mount.options or ()):
        if is_translating(option):
            return f"{where}.options[{number}]"
    return f"{where}.uidMappings"
