"""Long work whose every call must be made by one thread, which can be given up."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, TypeVar

from cloche.errors import TimedOut
from cloche_hcs.calling import call

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["on_one_thread"]

_A_DAY: Final = 24 * 3600.0

T = TypeVar("T")


def on_one_thread(
    name: str, work: Callable[[Callable[[], None]], T], timeout: float | None = None
) -> T:
    """Do ``work`` on a thread of the binding's, and return or raise what it does.

    ``work`` is given a function to be called now and then, which raises when nobody waits any more:
    after ``timeout`` seconds (None: a day), or after Ctrl-C.
    """
    alone = threading.Event()

    def go_on() -> None:
        if alone.is_set():
            raise TimedOut(f"{name}: nobody waits for it any more", operation=name)

    def whole() -> T:
        return work(go_on)

    whole.__name__ = name
    try:
        return call(whole, timeout=_A_DAY if timeout is None else timeout)
    except BaseException:
        alone.set()
        raise
