"""What happens to containers, as observers hear of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, TypeAlias

from cloche.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.plugins import Plugins

__all__ = ["Event", "Kind", "tell"]

#: ``start`` when a container runs, ``exec`` when a further process runs in it, ``end`` when its end
#: was seen by the process that made it, ``remove`` when nothing of it is left. Kinds may be added.
Kind: TypeAlias = Literal["start", "exec", "end", "remove"]


class Event(Value, kw_only=True):
    """Something that has happened to one container."""

    kind: Kind
    #: Id and name (the id, if it was given none).
    container: str
    name: str
    #: Seconds since 1970.
    time: float
    #: What belongs to the kind: ``status`` (ExitStatus) of an end, ``args`` of an exec.
    facts: Mapping[str, object] = field(default_factory=dict)


def tell(plugins: Plugins, kind: Kind, id: str, name: str | None, **facts: object) -> None:
    """Tell the observers, if there are any; costs nothing where there are none."""
    if plugins.observed:
        event = Event(kind=kind, container=id, name=name or id, time=time.time(), facts=facts)
        plugins.tell(event)
