"""A container or a process that its caller waits for: signals go to it, and its end is ours."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

from contextlib import contextmanager, suppress

from cloche.errors import NotFound
from cloche.signalling import signal
from cloche_cli.oci.terminal import Window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cloche.exit import ExitStatus
    from cloche.oci import BundleContainer
    from cloche.runtime import RuntimeProcess

__all__ = ["code_of", "see_through", "wait_for"]

_NOT_HANDED_ON = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGURG}
_LOST = 255


def see_through(container: BundleContainer, *, keep: bool) -> int:
    """Start a container, wait for its end, and take it away."""
    try:
        with Window.of(container.process) as window, _handed_on(container.process, window):
            container.start()
            return code_of(window.until(container.process.exit))
    finally:
        if not keep:
            with suppress(NotFound):  # a hook of its start has ended it for good
                container.delete(force=True)


def wait_for(process: RuntimeProcess) -> int:
    """Wait for a process that runs."""
    with Window.of(process) as window, _handed_on(process, window):
        return code_of(window.until(process.exit))


def code_of(status: ExitStatus) -> int:
    """The exit code, as a shell tells it."""
    code = status.exit_code
    return _LOST if code is None else code


@contextmanager
def _handed_on(process: RuntimeProcess, window: Window) -> Iterator[None]:
    """Hand every signal of ours on; only a window's new size is dealt with here."""

    def hand_on(number: int, _: object) -> None:
        if number == signal.SIGWINCH:
            window.fit()
        else:
            process.kill(number)

    before = {number: _set(number, hand_on) for number in _numbers()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _numbers() -> list[int]:
    return [int(n) for n in signal.valid_signals() if n not in _NOT_HANDED_ON and n < 32]


def _set(number: int, handler: Callable[[int, object], None]) -> signal._HANDLER:
    return signal.signal(number, handler)
