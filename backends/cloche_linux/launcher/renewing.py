"""Making a dump at the end of a command that had none: later ones are quicker by it."""

from __future__ import annotations

import os
import select
import sys

from cloche.signalling import signal
from cloche_linux.launcher.dump import is_settled, place

assert sys.platform != "win32"

__all__ = ["ended", "renew"]

#: Seconds, after which it has not gone well.
_LIMIT = 10.0
#: Bytes of the disk that have to be free: some more than a dump has.
_ROOM = 1 << 26
_STREAMS = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]


def renew(launcher: str) -> None:
    """Make the dump that the next command goes on with, unless there is one or none can be made.

    What fails here only makes the next command slower; so does whoever interrupts it.
    """
    try:
        if launcher and _may_be() and not is_settled(place(), launcher):
            ended(_spawn(launcher))
    except (OSError, KeyboardInterrupt):
        pass


def _may_be() -> bool:
    return not sys.dont_write_bytecode and _is_known_machine() and _has_room()


def _is_known_machine() -> bool:
    """Only there it is known what of a process is outside of its memory."""
    has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    return os.uname().machine == "x86_64" and has_gil and _has_glibc()


def _has_glibc() -> bool:
    name = "CS_GNU_LIBC_VERSION"
    return name in os.confstr_names and bool(os.confstr(name))


def _has_room() -> bool:
    folder = os.path.dirname(place())
    found = os.statvfs(folder)
    return os.access(folder, os.W_OK) and found.f_bavail * found.f_frsize > _ROOM


def _spawn(launcher: str) -> int:
    """Begin to make it, without anything of the caller's: its variables may be secret.

    The C library shall not use what the kernel would have to be told of again (rseq(2)).
    """
    script = os.path.join(os.path.dirname(__file__), "making.py")
    words = [sys.executable, "-I", "-S", script, launcher]
    variables = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0", "LC_ALL": "C.UTF-8"}
    return os.posix_spawn(sys.executable, words, variables, file_actions=_STREAMS)


def ended(pid: int) -> int:
    """Wait for a process of ours; returns its exit code. One that takes too long is killed."""
    pidfd = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        if not poll.poll(_LIMIT * 1000):
            os.kill(pid, signal.SIGKILL)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.close(pidfd)
        _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)
