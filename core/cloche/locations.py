"""Where Cloche keeps things, and the making of directories that are nobody else's."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress

from cloche.errors import Unavailable
from cloche.machine import refused
from cloche.values import Value

__all__ = [
    "Locations",
    "check_place",
    "is_there",
    "locate",
    "private_directory",
    "this_user",
]


class Locations(Value):
    """Two directories; neither has to exist."""

    #: What ends with the machine's uptime: records of containers, locks.
    run: str
    #: What outlives it: layers, what backends keep.
    data: str


def locate(root: str | None = None) -> Locations:
    """Say where things are kept: below ``root``, or where the platform keeps such things."""
    if root is None:
        return _usual_places()
    root = os.path.abspath(os.path.expanduser(root))
    return Locations(_whole(os.path.join(root, "run")), _whole(os.path.join(root, "data")))


def private_directory(path: str) -> None:
    """Make a directory (and what leads to it) that only this user can enter.

    Raises Unavailable if it can't be made, or is somebody else's already.
    """
    try:
        _make(path)
        found = os.lstat(path)
    except OSError as error:
        raise refused(error, path) from error
    _check_private(path, found)


def _make(path: str) -> None:
    try:
        _make_private(path)
    except FileExistsError:
        return
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        with suppress(FileExistsError):  # others come for the first time, too
            _make_private(path)


def _check_private(path: str, found: os.stat_result) -> None:
    if not _is_private(path, found):
        raise Unavailable(
            f"{path} is not a private directory of this user",
            remedy="remove it, or name another place by CLOCHE_ROOT",
        )


def is_there(path: str) -> bool:
    """Say whether a private directory exists; Unavailable for one that is not this user's alone."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    _check_private(path, found)
    return True


def check_place(path: str) -> None:
    """Refuse a place that another user made or could exchange, before anything there is believed.

    Records name processes to end and files to remove. What does not exist, or can't be reached, is
    no danger yet: ``private_directory`` makes it. Group members may write above it, for many users
    have a group of their own. Raises Unavailable.
    """
    try:
        is_there(path)
        for above in _above(path) | _above(os.path.realpath(path)):
            if os.path.lexists(above) and not _is_safe(above):
                raise Unavailable(
                    f"{path}: another user can exchange {above}",
                    remedy="name a directory of your own by CLOCHE_ROOT",
                )
    except OSError:
        return


def _above(path: str) -> set[str]:
    parent = os.path.dirname(path)
    return {path} if parent == path else {parent} | _above(parent)


if sys.platform == "win32":
    from cloche._win32.places import is_ours as _is_private
    from cloche._win32.places import is_safe_above as _is_safe
    from cloche._win32.places import make_private as _make_private
    from cloche._win32.places import this_user
    from cloche._win32.places import whole as _whole

    def _usual_places() -> Locations:
        base = os.path.join(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), "Cloche")
        return Locations(os.path.join(base, "run"), os.path.join(base, "data"))

else:

    def this_user() -> int:
        """Tell this user from others."""
        return os.geteuid()

    def _usual_places() -> Locations:
        # Root of a user namespace, as podman's without root is, has nothing of the machine's.
        if os.geteuid() == 0 and os.access("/run", os.W_OK):
            return Locations("/run/cloche", "/var/lib/cloche")
        return Locations(_runtime_directory(os.geteuid()), _data_directory())

    def _runtime_directory(user: int) -> str:
        """The XDG runtime directory; without a login session there is none, and /tmp must serve."""
        for base in (os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{user}"):
            if base and os.path.isabs(base) and os.access(base, os.W_OK):
                return os.path.join(base, "cloche")
        return f"/tmp/cloche-{user}"  # noqa: S108 - made and checked by private_directory

    def _data_directory() -> str:
        base = os.environ.get("XDG_DATA_HOME", "")
        if not os.path.isabs(base):
            base = os.path.expanduser("~/.local/share")
        return os.path.join(base, "cloche")

    def _whole(path: str) -> str:
        return path

    def _make_private(path: str) -> None:
        os.mkdir(path, 0o700)

    def _is_private(path: str, found: os.stat_result) -> bool:
        ours = found.st_uid == os.geteuid() and not found.st_mode & 0o022
        return stat.S_ISDIR(found.st_mode) and ours

    def _is_safe(path: str) -> bool:
        """Whether entries of a directory are their owners' alone, or a link is a trusted one's."""
        found = os.lstat(path)
        trusted = {os.geteuid(), os.stat("/").st_uid}  # the latter: root, mapped or not
        shared = stat.S_ISDIR(found.st_mode) and found.st_mode & 0o1002 == 0o0002
        return found.st_uid in trusted and not shared
