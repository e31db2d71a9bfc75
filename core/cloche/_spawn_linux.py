"""Children of this process, by posix_spawn and pidfds: what ``cloche.spawn`` offers on Linux."""

from __future__ import annotations

import sys

assert sys.platform == "linux"

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from cloche.errors import CommandFailed, InvalidSpec, InvalidState
from cloche.exit import Exit, ExitStatus
from cloche.runtime import RuntimeProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cloche.stdio import End, Streams

__all__ = ["SpawnedProcess", "spawn"]

_CLONE_FS = 0x200  # sched.h


def spawn(
    argv: Sequence[str],
    streams: Streams,
    *,
    id: str = "",
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    preserve_fds: Sequence[int] = (),
) -> SpawnedProcess:
    """Start the program ``argv`` with the container's ends of ``streams``, which stay open.

    The program gets a session of its own, all signals unblocked and at their defaults, the
    descriptors ``preserve_fds`` as 3, 4, …, and no others. It is looked for in the ``PATH`` of
    ``env`` (this process's environment if None), and runs in ``cwd`` (this process's if None).

    Raises CommandFailed if it can't be run: 127 if there is no such program, else 126; InvalidSpec
    for streams that are not descriptors; NotSupported where there are no pidfds (Windows).
    """
    environment = dict(os.environ if env is None else env)
    fds = _placed([*map(_descriptor, streams.ends), *preserve_fds])
    try:
        program = _found(argv[0], environment, cwd)
        pid = _in_directory(cwd, lambda: _posix_spawn(program, argv, environment, fds))
    except OSError as error:
        raise _translated(error, argv[0], cwd) from error
    finally:
        for fd in fds:
            os.close(fd)
    return SpawnedProcess(id, pid)


class SpawnedProcess(RuntimeProcess):
    """A child of this process; who starts it waits for it.

    How it ended is ``lost`` if something else in this process waits for all children, or if SIGCHLD
    is ignored. Released before its end (``close``) it stays a zombie from its end to ours.
    """

    def __init__(self, id: str, pid: int) -> None:
        self.id = id
        self.pid = pid
        self._pidfd = _pidfd_of(pid)
        self.exit = Exit()
        if self._pidfd < 0:
            self.exit.resolve(ExitStatus.lost())
        else:
            fd = os.dup(self._pidfd)
            self.exit = Exit.of_fd(fd, lambda: _wait(fd))

    def kill(self, signal: int) -> None:
        """Send a signal to it, but not to its children."""
        from signal import pidfd_send_signal

        if self.exit.poll() is not None:
            return
        if self._pidfd < 0:
            raise InvalidState("this process was released", operation="kill")
        try:
            pidfd_send_signal(self._pidfd, signal)
        except ProcessLookupError:
            return  # it has ended just now

    def kill_group(self, signal: int) -> None:
        """Send a signal to it and to all that it has started, but for those in other sessions.

        Reaches those that it left behind when it ended, too.
        """
        assert self.pid is not None
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal)

    def close(self) -> None:
        """Release both descriptors."""
        self.exit.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


def _pidfd_of(pid: int) -> int:
    """Open a pidfd; -1 if the child is gone already, which it is only if nobody has to wait."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return -1
    except OSError:
        from signal import SIGKILL

        os.kill(pid, SIGKILL)
        os.waitpid(pid, 0)
        raise


def _wait(pidfd: int) -> ExitStatus:
    try:
        ended = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    except ChildProcessError:
        return ExitStatus.lost()
    assert ended is not None
    if ended.si_code == os.CLD_EXITED:
        return ExitStatus(ended.si_status)
    return ExitStatus.killed(ended.si_status)


def _descriptor(end: End) -> int:
    if not isinstance(end, int):
        raise InvalidSpec("a program that is started directly takes descriptors as streams")
    return end


def _placed(fds: Sequence[int]) -> list[int]:
    """Duplicate to numbers beyond those they are to get: no placing overwrites another's."""
    from fcntl import F_DUPFD_CLOEXEC, fcntl

    placed: list[int] = []
    try:
        for fd in fds:
            placed.append(fcntl(fd, F_DUPFD_CLOEXEC, len(fds)))
    except OSError:
        for fd in placed:
            os.close(fd)
        raise
    return placed


def _posix_spawn(
    program: str, argv: Sequence[str], environment: Mapping[str, str], fds: Sequence[int]
) -> int:
    from signal import SIGKILL, SIGSTOP, valid_signals

    placing = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(fds)]
    return os.posix_spawn(
        program,
        list(argv),
        environment,
        file_actions=[*placing, *_closing(len(fds))],
        setsid=True,
        setsigmask=(),
        setsigdef=valid_signals() - {SIGKILL, SIGSTOP},
    )


def _closing(first: int) -> list[tuple[int, int]]:
    """Close what else would be inherited: others in this process may open without CLOEXEC."""
    if sys.version_info >= (3, 14) and hasattr(os, "POSIX_SPAWN_CLOSEFROM"):
        return [(os.POSIX_SPAWN_CLOSEFROM, first)]
    held = [int(name) for name in os.listdir("/proc/self/fd")]
    return [(os.POSIX_SPAWN_CLOSE, fd) for fd in held if fd >= first and _is_inherited(fd)]


def _is_inherited(fd: int) -> bool:
    try:
        return os.get_inheritable(fd)
    except OSError:  # closed meanwhile, as the one that listed them
        return False


def _found(program: str, environment: Mapping[str, str], cwd: str | None) -> str:
    """Look a name up in PATH; a path is left as it is. Raises OSError if nothing fits."""
    if "/" in program:
        return program
    denied = False
    for directory in environment.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(directory or ".", program)
        there = os.path.join(cwd or "", path)
        if os.access(there, os.X_OK) and not os.path.isdir(there):
            return path
        denied = denied or os.path.isfile(there)
    raise PermissionError(errno.EACCES, "") if denied else FileNotFoundError(errno.ENOENT, "")


def _in_directory(cwd: str | None, start: Callable[[], int]) -> int:
    """Call ``start`` in a thread that has a working directory of its own (unshare(2), CLONE_FS)."""
    if cwd is None:
        return start()
    from threading import Thread

    result: list[int | OSError] = []

    def run() -> None:
        try:
            _unshare_directory()
            os.chdir(cwd)
            result.append(start())
        except OSError as error:
            result.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]


def _unshare_directory() -> None:
    if sys.version_info >= (3, 12):
        os.unshare(_CLONE_FS)
        return
    import ctypes

    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_FS):
        raise OSError(ctypes.get_errno(), "unshare")


def _translated(error: OSError, program: str, cwd: str | None) -> CommandFailed:
    if cwd is not None and error.filename == cwd:
        return CommandFailed(f"no such working directory: {cwd}", exit_code=126, operation="start")
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return CommandFailed(f"command not found: {program}", exit_code=127, operation="start")
    reason = os.strerror(error.errno or 0)
    return CommandFailed(f"{program} can't be run: {reason}", exit_code=126, operation="start")
