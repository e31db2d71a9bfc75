"""Readiness: a container tells whoever supervises its maker that it is up (sd_notify(3)).

The supervisor's socket is the host's, and its path means nothing in the container. What is shown
there, under that very path, is a directory of ours with a socket in it; whoever starts the
container listens at it, and hands the word on together with the pid that the host knows.
Source: sd_notify(3), and runc's and crun's handling of NOTIFY_SOCKET.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import select
import socket
import warnings
from contextlib import contextmanager

from cloche.spec import Mount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloche.runtime import RuntimeProcess
    from cloche.spec import Spec

__all__ = ["ReadinessWarning", "hand_on", "listening", "showing"]

_NAME = "notify"
_VARIABLE = "NOTIFY_SOCKET"
_OPTIONS = ("bind", "rprivate", "nosuid", "nodev", "noexec")
_READY = b"READY=1"
_LONGEST = 4096


class ReadinessWarning(UserWarning):
    """Nobody could be told that a container is ready; it runs all the same."""


def showing(spec: Spec, directory: Path | str, supervisor: str) -> Spec:
    """Show the container a directory to tell in, which is made, and say so in its environment."""
    assert spec.process is not None
    source = os.path.join(directory, _NAME)
    os.mkdir(source, 0o755)
    mount = Mount(destination=supervisor, type="bind", source=source, options=_OPTIONS)
    others = [each for each in spec.process.env or () if not each.startswith(f"{_VARIABLE}=")]
    process = spec.process.replace(env=(*others, f"{_VARIABLE}={supervisor}/{_NAME}"))
    return spec.replace(process=process, mounts=(*(spec.mounts or ()), mount))


@contextmanager
def listening(directory: str) -> Iterator[socket.socket]:
    """Listen for what the container tells, for as long as this is entered."""
    place = os.open(f"{directory}/{_NAME}", os.O_RDONLY | os.O_DIRECTORY)
    # The path of a socket is shorter than paths may be.
    name = f"/proc/self/fd/{place}/{_NAME}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            ear.bind(name)
            os.chmod(name, 0o666)  # noqa: S103 - whoever the container's user is
            yield ear
    finally:
        os.close(place)


def hand_on(ear: socket.socket, process: RuntimeProcess, supervisor: str) -> None:
    """Wait until the container is ready, or has ended, and tell the supervisor of the former."""
    pid = process.pid
    if pid is None or not _is_ready(ear, pid):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            mouth.connect(supervisor)
            mouth.send(b"MAINPID=%d\n%s" % (pid, _READY))
    except OSError as error:
        warnings.warn(f"{_VARIABLE} {supervisor}: {error.strerror}", ReadinessWarning, stacklevel=2)


def _is_ready(ear: socket.socket, pid: int) -> bool:
    try:
        end = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    poll = select.poll()
    for descriptor in (ear.fileno(), end):
        poll.register(descriptor, select.POLLIN)
    try:
        while True:
            told = [descriptor for descriptor, _ in poll.poll()]
            if ear.fileno() not in told:
                return False
            if _READY in ear.recv(_LONGEST).splitlines():
                return True
    finally:
        os.close(end)
