"""Notifications, from the service's threads to ours.

The callback is C that copies and posts, and never needs the interpreter. One thread takes what was
posted, for all compute systems and processes, and hands it to who subscribed. Who registers a
callback subscribes first, and unregisters it (which waits for callbacks that run, so never on the
pump's thread) before the end of the subscription.
"""

from __future__ import annotations

import atexit
import sys
import threading
from itertools import count
from typing import TYPE_CHECKING

from cloche_hcs.vmcompute import close_gate, next_notification, open_gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_hcs.notification import Notification
    from cloche_hcs.vmcompute import Posted

__all__ = ["on_pump_thread", "subscribe", "unsubscribe"]

_keys = count()
_deliveries: dict[int, Callable[[Notification], None]] = {}
_lock = threading.Lock()
_thread: threading.Thread | None = None
_exiting = False


def subscribe(deliver: Callable[[Notification], None]) -> int:
    """Have the notifications of a new key delivered; returns the key, which is never used again.

    ``deliver`` is called on the pump's thread, and must neither block nor call the service. What
    it raises goes to ``threading.excepthook``, and ends nothing.
    """
    with _lock:
        key = next(_keys)
        _deliveries[key] = deliver
        _start()
    return key


def unsubscribe(key: int) -> None:
    """End a subscription; repeatable. What comes later for the key is dropped.

    Does not wait for a delivery that runs now.
    """
    with _lock:
        _deliveries.pop(key, None)
        if _exiting and not _deliveries:
            _stop()


def on_pump_thread() -> bool:
    """Say whether the caller is a delivery."""
    return threading.current_thread() is _thread


def _start() -> None:
    global _thread
    if _thread is None or not _thread.is_alive():
        open_gate()
        _thread = threading.Thread(target=_pump, name="cloche-hcs-notifications", daemon=True)
        _thread.start()


def _stop() -> None:
    global _thread
    close_gate()
    if _thread is not None and not on_pump_thread():
        _thread.join(timeout=1)
    _thread = None


def _pump() -> None:
    while (posted := next_notification()) is not None:
        _deliver(posted)


def _deliver(posted: Posted) -> None:
    deliver = _deliveries.get(posted.key)
    if deliver is None:
        return
    try:
        deliver(posted.notification)
    except Exception:  # noqa: BLE001 - of one subscriber, and the others wait
        arguments = (*sys.exc_info(), threading.current_thread())
        threading.excepthook(threading.ExceptHookArgs(arguments))


@atexit.register
def _close_before_the_end() -> None:
    """Close the gate, or have the last who unsubscribes close it: those who clean up come later.

    Functions that were registered before this one run after it, and may still end containers.
    """
    global _exiting
    with _lock:
        _exiting = True
        if not _deliveries:
            _stop()
