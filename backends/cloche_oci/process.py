"""Processes of a container: those that this process has made, and those found again."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from signal import SIGKILL, pidfd_send_signal
from typing import TYPE_CHECKING

from cloche.errors import NotSupported, TimedOut
from cloche.exit import Exit, ExitStatus, Reason
from cloche.identity import open_same, pid_of
from cloche.runtime import RuntimeProcess
from cloche.stdio import Pipes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloche_oci.bundle import Bundle
    from cloche_oci.launching import Kept

__all__ = ["FoundProcess", "KeptProcess", "NeverRun", "read_status"]

#: From here on a shell's exit codes are signals.
_SIGNALS = 128


class KeptProcess(RuntimeProcess):
    """A process whose keeper is a child of this process: it ends when its keeper does."""

    def __init__(
        self,
        id: str,
        kept: Kept,
        info: Mapping[str, object],
        send: Callable[[int], None] | None,
        *,
        only_codes: bool = False,
    ) -> None:
        self.id = id
        #: It ends with a code whatever ended it: which signals it was sent tells the rest.
        self._only_codes = only_codes
        self._sent: set[int] = set()
        self._kept = kept
        self._info = info
        self._send = send
        self._pidfd = kept.pidfd
        self._heard: dict[str, object] = {}
        self.pid = pid_of(_part(kept.identity, "process"))
        self._terminal = -1
        if kept.terminal is not None:
            self._terminal = os.dup(kept.terminal)
            self.pipes = Pipes(kept.terminal, os.dup(kept.terminal), None, terminal=True)
        descriptor = kept.keeper.exit.fileno()
        self.exit = Exit()
        if descriptor is None:
            self.exit.resolve(self._read())
        else:
            self.exit = Exit.of_fd(descriptor, self._read)

    @property
    def info(self) -> Mapping[str, object]:
        return self._info

    def started(self, timeout: float) -> int:
        """Wait until its init has run its program; returns an errno, 0 if it runs."""
        while self._heard.keys().isdisjoint({"started", "ended"}) and self._hear(timeout):
            pass
        number = self._heard.get("started", 0)
        return number if isinstance(number, int) else 0

    def _hear(self, timeout: float) -> bool:
        """Take the keeper's next message, on whichever thread; False if there is none any more."""
        message, _ = self._kept.channel.next(timeout)
        self._heard |= message
        return bool(message)

    def _read(self) -> ExitStatus:
        """The keeper has ended: what was the last it said?"""
        self._kept.keeper.exit.poll()
        try:
            while "ended" not in self._heard and self._hear(0):
                pass
        except (TimedOut, OSError):
            return self._lost()  # others have its descriptor: it was killed as it forked
        if "ended" not in self._heard:
            return self._lost()
        status = read_status(self._heard)
        number = (status.code or 0) - _SIGNALS
        return ExitStatus.killed(number) if number in self._sent else status

    def _lost(self) -> ExitStatus:
        """Nobody would learn of its end any more, so it ends now."""
        self._force()
        return ExitStatus.lost()

    def _force(self) -> None:
        if self._pidfd >= 0:
            _signal(self._pidfd, SIGKILL)

    def kill(self, signal: int) -> None:
        if self.exit.poll() is not None:
            return
        if self._only_codes:
            self._sent.add(signal)
        if self._send is not None:
            self._send(signal)
        elif self._pidfd >= 0:
            _signal(self._pidfd, signal)

    def force(self) -> None:
        """End it without asking the runtime."""
        self._force()

    def resize(self, width: int, height: int) -> None:
        if self._terminal < 0:
            raise NotSupported("the process has no terminal", operation="resize", backend="oci")
        size = struct.pack("HHHH", height, width, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)

    def close(self) -> None:
        self.exit.close()
        self._kept.keeper.close()
        self._kept.channel.close()
        for descriptor in (self._terminal, self._pidfd):
            if descriptor >= 0:
                os.close(descriptor)
        self._terminal = self._pidfd = -1


class FoundProcess(RuntimeProcess):
    """A process whose keeper another process started; the keeper's note tells how it ended."""

    def __init__(
        self,
        id: str,
        bundle: Bundle,
        info: Mapping[str, object],
        send: Callable[[int], None] | None,
    ) -> None:
        self.id = id
        self._bundle = bundle
        self._info = info
        self._send = send
        self._pidfd = _opened(_part(info, "process"))
        self.pid = pid_of(_part(info, "process")) if self._pidfd >= 0 else None
        keeper = open_same(_part(info, "keeper"))
        self.exit = Exit()
        if keeper is None:
            self.exit.resolve(self._read())
        else:
            self.exit = Exit.of_fd(keeper, self._read)

    @property
    def info(self) -> Mapping[str, object]:
        return self._info

    def _read(self) -> ExitStatus:
        name = self._info.get("note")
        noted = self._bundle.note(name) if isinstance(name, str) and "/" not in name else {}
        if "ended" not in noted:
            self.force()
        return read_status(noted)

    def kill(self, signal: int) -> None:
        if self.exit.poll() is not None:
            return
        if self._send is not None:
            self._send(signal)
        else:
            _signal(self._pidfd, signal)

    def force(self) -> None:
        """End it without asking the runtime."""
        _signal(self._pidfd, SIGKILL)

    def close(self) -> None:
        self.exit.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


class NeverRun(RuntimeProcess):
    """The first process of a container whose command can't be run, as the runtime has said."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.pid = None
        self.exit = Exit()

    def end(self, code: int) -> None:
        """Say that it has ended as a shell would."""
        self.exit.resolve(ExitStatus(code))

    def kill(self, signal: int) -> None:
        if self.exit.poll() is None:
            self.exit.resolve(ExitStatus.killed(signal))

    def force(self) -> None:
        """End it."""
        self.kill(SIGKILL)

    def close(self) -> None:
        self.exit.close()


def read_status(ended: Mapping[str, object]) -> ExitStatus:
    """Read what a keeper says of an end; lost if it said nothing."""
    status = ended.get("ended")
    if not isinstance(status, int):
        return ExitStatus.lost()
    if not os.WIFSIGNALED(status):
        return ExitStatus(os.WEXITSTATUS(status))
    number = os.WTERMSIG(status)
    killed = number == SIGKILL and bool(ended.get("oom"))
    return ExitStatus.killed(number, Reason.OOM if killed else Reason.SIGNAL)


def _part(info: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = info.get(name)
    return found if isinstance(found, dict) else {}


def _opened(identity: Mapping[str, object]) -> int:
    descriptor = open_same(identity)
    return -1 if descriptor is None else descriptor


def _signal(pidfd: int, signal: int) -> None:
    if pidfd < 0:
        return
    try:
        pidfd_send_signal(pidfd, signal)
    except ProcessLookupError:
        return
