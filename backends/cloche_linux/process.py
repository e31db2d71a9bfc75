"""Processes of a container: those spawned by this process, and those found again."""

from __future__ import annotations

import fcntl
import os
import select
import struct

from cloche.errors import InvalidSpec, TimedOut
from cloche.exit import Exit, ExitStatus, Reason
from cloche.identity import identify
from cloche.runtime import RuntimeProcess
from cloche.signalling import signal as signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from cloche.stdio import Pipes
    from cloche_linux.child import Child, Deliver
    from cloche_linux.keeping import Keeping

__all__ = ["FoundProcess", "KeptProcess", "SpawnedProcess", "await_end", "identity_in"]

# linux/pidfd.h (6.13; the exit code 6.15): PIDFD_GET_INFO is _IOWR(0xFF, 11, struct pidfd_info),
# whose first version has 64 bytes: mask, cgroup id, eight 32-bit ids … and the exit code.
_PIDFD_GET_INFO = 0xC040FF0B
_PIDFD_INFO = struct.Struct("=QQ11Ii")
_PIDFD_INFO_EXIT = 1 << 3
_QUESTION = _PIDFD_INFO.pack(_PIDFD_INFO_EXIT, 0, *[0] * 11, 0)
#: Milliseconds that a maker gets to reap what has ended.
_REAPING_LIMIT = 1000


class SpawnedProcess(RuntimeProcess):
    """A process that this process made, and whose exit it learns."""

    __slots__ = ("_child", "_identity", "_oom", "_terminal", "exit", "id", "pid", "pipes")

    def __init__(
        self, id: str, child: Child, oom: Callable[[], bool], pipes: Pipes | None = None
    ) -> None:
        self.id = id
        self.pid = child.pid
        self.pipes = pipes
        self._child = child
        self._oom = oom
        self._identity = identify(child.pid)
        self._terminal = _Terminal(pipes)
        self.exit = Exit.of_fd(os.dup(child.pidfd), self._read)

    @property
    def info(self) -> Mapping[str, object]:
        return self._identity

    def start(self, timeout: float | None = None, deliver: Deliver | None = None) -> None:
        """Let it run; raises what the helper reports (OSError), or what ``deliver`` does."""
        self._child.start(timeout, deliver)

    def _read(self) -> ExitStatus:
        status = self._child.exit_status()
        return ExitStatus.lost() if status is None else _told(status, self._oom)

    def kill(self, signal: int) -> None:
        if self.exit.poll() is not None:
            return
        try:
            self._child.kill(signal)
        except ProcessLookupError:
            return

    def resize(self, width: int, height: int) -> None:
        self._terminal.resize(width, height)

    def close(self) -> None:
        self._terminal.close()
        self.exit.close()
        self._child.close()


class _Terminal:
    """A copy of a terminal's master, for those that were handed out are closed by others."""

    __slots__ = ("_master",)

    def __init__(self, pipes: Pipes | None) -> None:
        self._master = -1 if pipes is None or pipes.stdin is None else os.dup(pipes.stdin)

    def resize(self, width: int, height: int) -> None:
        from cloche.errors import NotSupported
        from cloche_linux.pty import set_size

        if self._master < 0:
            raise NotSupported("the process has no terminal", operation="resize", backend="linux")
        set_size(self._master, width, height)

    def close(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


class FoundProcess(RuntimeProcess):
    """A process that another process made; we hold its pidfd from before it was reaped."""

    __slots__ = ("_identity", "_pidfd", "exit", "id", "pid", "pipes")

    def __init__(self, id: str, identity: Mapping[str, object], pidfd: int | None) -> None:
        self.id = id
        pid = identity.get("pid")
        self.pid = pid if isinstance(pid, int) and pidfd is not None else None
        self.pipes = None
        self._identity = identity
        self._pidfd = pidfd
        self.exit = self._exit()

    def _exit(self) -> Exit:
        if self._pidfd is not None:
            return Exit.of_fd(os.dup(self._pidfd), self._read)
        ended = Exit()
        ended.resolve(ExitStatus.lost())
        return ended

    @property
    def info(self) -> Mapping[str, object]:
        return self._identity

    @property
    def pidfd(self) -> int | None:
        """The descriptor; None if the process had ended before it was looked for."""
        return self._pidfd

    def _read(self) -> ExitStatus:
        """Ask the kernel, which keeps the answer for holders of a pidfd (6.15); else nobody knows.

        It tells only once the process is reaped, which is its maker's to do.
        """
        if self._pidfd is None:
            return ExitStatus.lost()
        _wait_until_reaped(self._pidfd)
        try:
            answer = fcntl.ioctl(self._pidfd, _PIDFD_GET_INFO, _QUESTION)
        except OSError:
            return ExitStatus.lost()
        mask, *_, status = _PIDFD_INFO.unpack(answer)
        return _told(status, lambda: False) if mask & _PIDFD_INFO_EXIT else ExitStatus.lost()

    def kill(self, signal: int) -> None:
        if self._pidfd is None:
            return
        try:
            signals.pidfd_send_signal(self._pidfd, signal)
        except ProcessLookupError:
            return

    def close(self) -> None:
        self.exit.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


class KeptProcess(FoundProcess):
    """A process with a keeper, which tells how it ended, whoever made it."""

    __slots__ = ("_keeping", "_oom", "_terminal", "ended")

    def __init__(
        self,
        id: str,
        identity: Mapping[str, object],
        pidfd: int | None,
        keeping: Keeping,
        oom: Callable[[], bool],
        pipes: Pipes | None = None,
    ) -> None:
        self._keeping = keeping
        self._oom = oom
        self.ended = None
        super().__init__(id, identity, pidfd)
        self.pipes = pipes
        self._terminal = _Terminal(pipes)

    def resize(self, width: int, height: int) -> None:
        self._terminal.resize(width, height)

    def close(self) -> None:
        self._terminal.close()
        super().close()

    def _exit(self) -> Exit:
        if self._pidfd is not None:
            return super()._exit()
        ended = Exit()
        ended.resolve(self._read())
        return ended

    def _read(self) -> ExitStatus:
        status = self._keeping.status()
        self.ended = self._keeping.changed()
        return ExitStatus.lost() if status is None else _told(status, self._oom)


def identity_in(info: Mapping[str, Any], id: str) -> Mapping[str, object]:
    """Read which process is the first; InvalidSpec for what is no note of ours."""
    identity = info.get("init")
    if isinstance(identity, dict):
        return identity
    raise InvalidSpec(f"the record of {id} is not one of this runtime's", container=id)


def await_end(process: RuntimeProcess, timeout: float = 0) -> bool:
    """Say whether a process has ended within so many seconds, and not how.

    How a process ended that others reap is known only when they have, which may be never.
    """
    pidfd = process.pidfd if isinstance(process, FoundProcess) else None
    if pidfd is None:
        return process.exit.poll() is not None or (timeout > 0 and _ends(process, timeout))
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(timeout * 1000))


def _ends(process: RuntimeProcess, timeout: float) -> bool:
    try:
        process.exit.wait(timeout)
    except TimedOut:
        return False
    return True


def _wait_until_reaped(pidfd: int) -> None:
    """A pidfd hangs up when its process is gone for good (kernel 6.9)."""
    poll = select.poll()
    poll.register(pidfd, 0)
    poll.poll(_REAPING_LIMIT)


def _told(wait_status: int, oom: Callable[[], bool]) -> ExitStatus:
    if os.WIFEXITED(wait_status):
        return ExitStatus(os.WEXITSTATUS(wait_status))
    number = os.WTERMSIG(wait_status)
    killed = number == signals.SIGKILL and oom()
    return ExitStatus.killed(number, Reason.OOM if killed else Reason.SIGNAL)
