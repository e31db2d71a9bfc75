"""New containers, as users hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloche.container import Container
from cloche.interrupts import shielded

if TYPE_CHECKING:
    from cloche.creating import Given
    from cloche.request import Asked
    from cloche.workshop import Workshop

__all__ = ["create_container", "create_from_options", "start_container"]


def create_container(shop: Workshop, given: Given) -> Container[Any]:
    """Make a container from a specification, as users hold it; it waits for its start."""
    with shielded():
        made = shop.create(given)
        made.record.close()
        return Container(shop, None, made, text=given.asked.text)


def create_from_options(shop: Workshop, asked: Asked) -> Container[Any]:
    """Make a container from parameters, as users hold it; it waits for its start."""
    asked.__dict__.setdefault("keep", True)
    with shielded():
        made = shop.make(asked, started=False)
        made.record.close()
        return Container(shop, None, made, text=asked.text)


def start_container(shop: Workshop, asked: Asked) -> Container[Any]:
    """Make and start a container, as users hold it."""
    with shielded():
        made = shop.make(asked)
        made.record.close()
        return Container(shop, None, made, text=asked.text)
