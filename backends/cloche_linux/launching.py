"""Spawn a helper with a container's streams, and take back what does not get ready."""

from __future__ import annotations

import os
import select

from cloche.errors import InvalidSpec
from cloche.signalling import signal
from cloche.stdio import Pipes
from cloche_linux import spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloche.runtime import CreateRequest
    from cloche.stdio import Streams
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.plan import Plan
    from cloche_linux.spawn import Child

__all__ = ["abandon", "launch", "ready", "set_up", "terminal_pipes"]

_KILLED_LIMIT = 10_000
_READY_LIMIT = 30.0


def launch(
    plan: Plan,
    extras: Sequence[int],
    streams: Streams,
    *,
    new_pid_namespace: bool,
    cgroup: int | None,
    origins: tuple[str, ...] = (),
) -> Child:
    """Spawn the helper on ``plan``; its ends of the streams stay the caller's. Raises OSError.

    ``origins``: what to call what each of its steps comes from, should that fail.
    """
    child = spawn.spawn(
        plan.encode(),
        _descriptors(streams),
        extras,
        new_pid_namespace=new_pid_namespace,
        cgroup=cgroup,
    )
    child.origins = origins
    return child


def _descriptors(streams: Streams) -> tuple[int | None, int | None, int | None]:
    """The process's own descriptors; with a terminal there are none yet."""
    if streams.terminal is not None:
        return None, None, None
    stdin, stdout, stderr = streams.ends
    return _descriptor(stdin), _descriptor(stdout), _descriptor(stderr)


def _descriptor(end: int | str | None) -> int:
    if not isinstance(end, int):
        raise InvalidSpec("the native runtime takes descriptors as streams", path="stdio")
    return end


def ready(child: Child, timeout: float | None, then: Callable[[int], None]) -> int | None:
    """Wait until all is set up and do ``then`` with the pid; returns the terminal's master.

    Raises what either does; there is no master to close then.
    """
    master = child.wait_ready(timeout)
    try:
        then(child.pid)
    except BaseException:
        if master is not None:
            os.close(master)
        raise
    return master


def terminal_pipes(master: int | None) -> Pipes | None:
    """Hand out a terminal's master, twice: once to write to and once to read from."""
    if master is None:
        return None
    return Pipes(stdin=master, stdout=os.dup(master), stderr=None, terminal=True)


def abandon(child: Child) -> None:
    """End a child that did not get as far as it should, and wait until it is gone."""
    try:
        child.kill(signal.SIGKILL)
    except ProcessLookupError:
        pass
    else:
        poll = select.poll()
        poll.register(child.pidfd, select.POLLIN)
        if poll.poll(_KILLED_LIMIT):
            child.exit_status()
    child.close()


def set_up(
    child: Child,
    namespaces: Namespaces,
    enter: Callable[[int], object] | None,
    request: CreateRequest,
) -> int | None:
    """See a child through to where it waits for start; returns its terminal's master.

    ``enter`` moves it into its group, where that is done from outside.
    """
    timeout = _READY_LIMIT if request.timeout is None else request.timeout
    if enter is not None:
        enter(child.wait_group(timeout))
        child.group_done()
    if namespaces.maps is not None and not namespaces.maps.single:
        namespaces.maps.write(child.wait_maps(timeout))
        child.maps_done()
    linux = request.spec.linux
    if linux is None or not linux.net_devices:
        return _finish(child, request, timeout)
    from cloche_linux.network.devices import moved_devices

    pid = child.wait_hooks(timeout)
    with moved_devices(linux.net_devices, pid, child.pidfd):
        return _finish(child, request, timeout, pid)


def _finish(
    child: Child, request: CreateRequest, timeout: float | None, pid: int | None = None
) -> int | None:
    """Run hooks, and wait until all is set up; ``pid`` if it waits for hooks already."""
    hooks = request.spec.hooks
    if hooks is not None and (hooks.prestart or hooks.create_runtime):
        from cloche_linux.hooks import run_of_creation

        pid = child.wait_hooks(timeout) if pid is None else pid
        run_of_creation(hooks, request, pid)
    if pid is not None:
        child.hooks_done()
    return child.wait_ready(timeout)
