"""Sees to it that executed processes are reaped as they end, whether or not anybody asks for them.

The kernel lets no pid namespace end before all its processes are reaped, and one that was put in
from outside only its parent can reap, which is this process: without this, a container whose init
has ended would wait for ever for someone who holds an executed process and does not look at it.
"""

from __future__ import annotations

import os
import select
from _thread import allocate_lock, start_new_thread
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloche.exit import Exit

__all__ = ["watch"]


class _Watch:
    """One thread for all of them, begun with the first."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._exits: dict[int, Exit] = {}
        start_new_thread(self._run, ())

    def add(self, exit: Exit) -> None:
        descriptor = exit.fileno()
        if descriptor is not None:
            self._exits[descriptor] = exit
            self._epoll.register(descriptor, select.EPOLLIN)

    def _run(self) -> None:
        while True:
            for descriptor, _ in self._epoll.poll():
                self._epoll.unregister(descriptor)
                ended = self._exits.pop(descriptor)
                os.close(descriptor)
                with suppress(Exception):  # whoever asks for the exit is told
                    ended.poll()

    def close(self) -> None:
        """In the child of a fork: the thread and the processes are the parent's."""
        self._epoll.close()
        for descriptor in self._exits:
            os.close(descriptor)


_lock = allocate_lock()
_watch: _Watch | None = None


def watch(exit: Exit) -> None:
    """Have ``exit`` resolved when its process ends."""
    global _watch
    with _lock:
        if _watch is None:
            _watch = _Watch()
        _watch.add(exit)


def _begin_anew() -> None:
    global _lock, _watch
    _lock = allocate_lock()
    if _watch is not None:
        _watch.close()
        _watch = None


os.register_at_fork(after_in_child=_begin_anew)
