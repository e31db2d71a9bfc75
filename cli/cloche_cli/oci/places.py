"""Where containers are, and which one is meant."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os

from cloche.errors import InvalidSpec
from cloche.oci import Home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.oci import BundleContainer
    from cloche_cli.oci.flags import Typed

__all__ = ["found", "home", "one_id"]


def home(typed: Typed) -> Home:
    """The directory that containers are kept in."""
    return Home(typed.text("root") or _usual())


def found(typed: Typed, below: Typed, *, more: int = 0) -> BundleContainer:
    """Find the container that a line names, with at most ``more`` words after it."""
    return home(typed).get(one_id(below, more=more))


def one_id(below: Typed, *, more: int = 0) -> str:
    """The id that a line begins with; InvalidSpec for none, or for words that nobody expects."""
    if not below.words:
        raise InvalidSpec("a container's id is missing", path="id")
    if len(below.words) > 1 + more:
        raise InvalidSpec(f"too many arguments: {below.words[1 + more]}", path="id")
    return below.words[0]


def _usual() -> str:
    from cloche.locations import locate

    return os.path.join(locate().run, "oci")
