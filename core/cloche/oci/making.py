"""How a container comes of a bundle: the steps, and their undoing."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import errno
import os
import time
from contextlib import suppress

from cloche.capability import Lifetime
from cloche.errors import ClocheError, InvalidSpec
from cloche.layers import Layer, RootFilesystem
from cloche.machine import refused
from cloche.runtime import CreateRequest
from cloche.values import Value, replace

from .backend import DEFAULT, open_runtime
from .bundle import Bundle
from .record import BundleRecord
from .wording import worded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from cloche.runtime import Runtime, RuntimeContainer

    from .container import BundleContainer
    from .home import Home

__all__ = ["Wanted", "make"]


class Wanted(Value, kw_only=True):
    """A bundle, and what a caller says beside it."""

    bundle: Bundle
    runtime: str = DEFAULT
    #: Descriptors that the process gets as 3, 4, ….
    preserve_fds: tuple[int, ...] = ()
    #: Where the terminal's master is sent; None: it is the maker's, as ``pipes`` of the container.
    console_socket: str | None = None
    #: Where a pidfd of its first process is sent.
    pidfd_socket: str | None = None
    pid_file: str | None = None
    #: This process is about to end: whoever adopts the first process is to learn of its end.
    adopted: bool = False
    pivot: bool = True
    keyring: bool = True
    #: The socket of whoever waits until the container says that it is ready.
    supervisor: str | None = None
    #: Who makes the control group.
    cgroup_manager: Literal["cgroupfs", "systemd", "disabled"] = "cgroupfs"


def make(home: Home, id: str, wanted: Wanted) -> BundleContainer:
    """Make a container and leave it waiting; nothing is left on an error."""
    from .container import BundleContainer

    _check_terminal(wanted)
    if wanted.pid_file is not None:
        check_pid_file(wanted.pid_file)
    runtime = open_runtime(wanted.runtime)
    request = _request(id, home.directory(id), wanted)
    runtime.accepts(request)
    home.reserve(id)
    undo: list[Callable[[], object]] = [lambda: home.discard(id)]
    try:
        record = _record(id, wanted)
        home.note(record)
        home.keep_config(id, wanted.bundle.data)
        made = _create(runtime, _supervised(request, wanted.supervisor), wanted)
        undo.append(made.delete)
        container = BundleContainer(home, replace(record, info=made.info), made)
        home.note(container.record)
        _tell(container, wanted)
    except BaseException as error:
        for step in reversed(undo):
            step()
        if isinstance(error, OSError):
            raise refused(error, "create", operation="create", container=id) from error
        raise
    return container


def _check_terminal(wanted: Wanted) -> None:
    if wanted.console_socket is not None and not wanted.bundle.process.terminal:
        raise InvalidSpec("--console-socket: process.terminal is not set", path="console-socket")


def _request(id: str, state: str, wanted: Wanted) -> CreateRequest:
    spec = wanted.bundle.spec
    assert spec.root is not None
    return CreateRequest(
        id=id,
        spec=spec,
        layers=(Layer(kind="directory", path=spec.root.path),),
        lifetime=Lifetime.DETACHED,
        adopted=wanted.adopted,
        state=state,
        preserve_fds=wanted.preserve_fds,
        init=False,
        # Linux took the first away, and callers still ask for it; other runtimes pass over it,
        # too. Without the second a user who has no groups could not share processes at all.
        unenforced=frozenset({"kernel-memory", "freezer"}),
        bundle=wanted.bundle.path,
        pivot=wanted.pivot,
        keyring=wanted.keyring,
        cgroup_manager=wanted.cgroup_manager,
    )


def _supervised(request: CreateRequest, supervisor: str | None) -> CreateRequest:
    if supervisor is None:
        return request
    from .notify import showing

    return replace(request, spec=showing(request.spec, request.state, supervisor))


def _record(id: str, wanted: Wanted) -> BundleRecord:
    bundle, spec = wanted.bundle, wanted.bundle.spec
    assert spec.root is not None
    return BundleRecord(
        id=id,
        bundle=bundle.path,
        rootfs=spec.root.path,
        version=spec.oci_version,
        created=_now(),
        annotations=dict(spec.annotations or {}),
        runtime=wanted.runtime,
        terminal=bool(bundle.process.terminal),
        owner=os.geteuid(),
        supervisor=wanted.supervisor,
    )


def _now() -> str:
    now = time.time_ns()
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9))
    return f"{moment}.{now % 10**9:09d}Z"


def _create(runtime: Runtime, request: CreateRequest, wanted: Wanted) -> RuntimeContainer:
    from .streams import CallersStreams

    root = request.spec.root
    assert root is not None
    streams = CallersStreams(wanted.bundle.process)
    with worded(wanted.bundle.process):
        return runtime.create(request, RootFilesystem(form="path", path=root.path), streams)


def _tell(container: BundleContainer, wanted: Wanted) -> None:
    """Give the caller what it waits for: the terminal, the process, a pidfd, and last its pid."""
    if wanted.console_socket is not None and container.pipes is not None:
        from .streams import hand_over

        hand_over(container.pipes, wanted.console_socket)
    receiver = (wanted.bundle.spec.annotations or {}).get("run.oci.pidfd_receiver")
    if receiver:
        from .streams import hand_to_receiver

        hand_to_receiver(container.process, receiver)
    if wanted.pidfd_socket is not None:
        from .streams import hand_pidfd

        hand_pidfd(container.process, wanted.pidfd_socket)
    if wanted.pid_file is not None:
        write_pid(wanted.pid_file, container.pid)


def check_pid_file(path: str) -> None:
    """Refuse a pid file that nobody can write, before anything is made."""
    directory = os.path.dirname(path) or "."
    if not os.access(directory, os.W_OK | os.X_OK):
        what = os.strerror(errno.EACCES if os.path.isdir(directory) else errno.ENOENT)
        raise ClocheError(f"--pid-file {path}: {what}")


def write_pid(path: str, pid: int) -> None:
    """Write a pid file, which is there whole or not at all."""
    directory, name = os.path.split(path)
    # Nobody knows the draft's name before: others may put links into such a directory.
    draft = os.path.join(directory, f".{name}.{os.urandom(6).hex()}")
    try:
        _write_new(draft, path, str(pid))
    except OSError as error:
        with suppress(FileNotFoundError):
            os.unlink(draft)
        raise ClocheError(f"--pid-file {path}: {error.strerror}") from error


def _write_new(draft: str, path: str, text: str) -> None:
    with open(draft, "x", encoding="utf-8") as file:
        file.write(text)
    os.replace(draft, path)
