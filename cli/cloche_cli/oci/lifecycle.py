"""start, kill, delete, pause and resume."""

from __future__ import annotations

import sys

assert sys.platform != "win32"


from cloche.errors import InvalidSpec, InvalidState, NotFound
from cloche_cli.oci.places import found, home, one_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.oci import BundleContainer, Home
    from cloche_cli.oci.flags import Typed

__all__ = ["delete", "kill", "pause", "resume", "start"]


def start(typed: Typed, below: Typed) -> int:
    """Let a created container run."""
    found(typed, below).start()
    return 0


def kill(typed: Typed, below: Typed) -> int:
    """Send a signal."""
    word = below.words[1] if len(below.words) > 1 else "SIGTERM"
    found(typed, below, more=1).kill(_signal(word), all=below.switch("all"))
    return 0


def delete(typed: Typed, below: Typed) -> int:
    """Take a container away."""
    force, word = below.switch("force"), one_id(below)
    place = home(typed)
    for each in _matching(place.ids(), word) if below.switch("regex") else (word,):
        try:
            if (container := _to_delete(place, each, force=force)) is not None:
                container.delete(force=force)
        except NotFound:
            if not force:
                raise
    return 0


def _to_delete(place: Home, id: str, *, force: bool) -> BundleContainer | None:
    """Find a container, by force even one of which nothing can be read."""
    try:
        return place.get(id)
    except (NotFound, InvalidState):
        if not force:
            raise
        return place.remains(id)


def _matching(ids: Iterable[str], expression: str) -> Iterable[str]:
    import re

    try:
        wanted = re.compile(expression)
    except re.error as error:
        raise InvalidSpec(f"--regex {expression!r}: {error}", path="regex") from None
    return [each for each in ids if wanted.search(each)]


def pause(typed: Typed, below: Typed) -> int:
    """Stop all processes."""
    found(typed, below).pause()
    return 0


def resume(typed: Typed, below: Typed) -> int:
    """Let paused processes run on."""
    found(typed, below).resume()
    return 0


def _signal(word: str) -> int:
    from cloche.signals import signal_number

    if word == "0":  # sends nothing, and says whether anything could be sent
        return 0
    try:
        return signal_number(word)
    except ValueError:
        raise InvalidSpec(f"unknown signal {word!r}", path="signal") from None
