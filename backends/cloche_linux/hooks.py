"""Hooks: programs that are run at fixed moments of a container's life, told its state.

Source: runtime-spec, config.md ("POSIX-platform Hooks") and runtime.md ("Lifecycle").
"""

from __future__ import annotations

import os
import select
import signal
import warnings
from typing import TYPE_CHECKING, cast

from cloche.errors import BackendError
from cloche.interrupts import interruptible
from cloche.spec import VERSION, State
from cloche.values import Value
from cloche_linux.annotations import HOOKS_STDERR, HOOKS_STDOUT
from cloche_linux.endings import ending

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cloche.runtime import CreateRequest
    from cloche.spec import Hook, Hooks

__all__ = [
    "HookWarning",
    "Placed",
    "Subject",
    "end_what_a_hook_ended",
    "later_hooks",
    "run",
    "run_after_end",
    "run_after_start",
    "run_of_creation",
    "state_around",
    "subject_of",
]

#: Bytes of a hook's output that an error quotes.
_QUOTED = 400
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


class HookWarning(UserWarning):
    """A hook failed at a moment when the container goes on, or has ended, all the same."""


class Placed(Value):
    """A hook, and what to call it: by its place in the configuration, in runc's words."""

    name: str
    hook: Hook


class Subject(Value, kw_only=True):
    """The container that hooks are told of."""

    id: str
    bundle: str
    version: str = VERSION
    annotations: Mapping[str, str] | None = None

    def state(self, status: str, pid: int) -> bytes:
        """Write down the container's state as the runtime-spec has it."""
        from cloche.documents.writer import write

        return write(self.described(status, pid))

    def described(self, status: str, pid: int) -> State:
        """Tell the container's state as the runtime-spec has it."""
        return State(
            oci_version=self.version,
            id=self.id,
            status=status,
            pid=pid,
            bundle=self.bundle,
            annotations=self.annotations,
        )


def subject_of(request: CreateRequest) -> Subject:
    """The container that is asked for, as its hooks know it."""
    spec = request.spec
    return Subject(
        id=request.id,
        bundle=request.bundle or "",
        version=spec.oci_version,
        annotations=spec.annotations,
    )


def state_around(request: CreateRequest, status: str) -> tuple[bytes, bytes]:
    """The state in two parts, before and after the pid, which only the process itself knows."""
    whole = subject_of(request).state(status, 0)
    before, mark, after = whole.partition(b'"pid":')
    return before + mark, after.removeprefix(b"0")


def later_hooks(request: CreateRequest) -> dict[str, object] | None:
    """What has to be known later than the creation, as small JSON; None for nothing."""
    hooks = request.spec.hooks
    if hooks is None or not (hooks.poststart or hooks.poststop):
        return None
    from cloche import documents

    known = subject_of(request)
    return {
        "poststart": documents.to_json(hooks.poststart or ()),
        "poststop": documents.to_json(hooks.poststop or ()),
        "bundle": known.bundle,
        "version": known.version,
        "annotations": dict(known.annotations or {}),
    }


def _recalled(noted: Mapping[str, object], kind: str, id: str) -> tuple[tuple[Hook, ...], Subject]:
    """Read of what ``later_hooks`` wrote the hooks of one kind, and the container's description."""
    from cloche import documents
    from cloche.spec import Hooks

    hooks = documents.read(Hooks, {kind: noted[kind]})
    subject = Subject(
        id=id,
        bundle=str(noted["bundle"]),
        version=str(noted["version"]),
        annotations=cast("Mapping[str, str]", noted["annotations"]) or None,
    )
    return getattr(hooks, kind) or (), subject


def run_after_start(noted: Mapping[str, object], id: str, pid: int) -> None:
    """Run the hooks that follow the start, in their order; BackendError if one fails."""
    hooks, subject = _recalled(noted, "poststart", id)
    for hook in _placed("poststart", hooks):
        run(hook, subject, "running", pid)


def run_after_end(noted: Mapping[str, object], id: str) -> None:
    """Run the hooks that follow the end; what fails becomes a HookWarning."""
    hooks, subject = _recalled(noted, "poststop", id)
    _run_all(hooks, subject)


def end_what_a_hook_ended(request: CreateRequest, error: BaseException) -> None:
    """Run the last hooks of a container that one of its first hooks has stopped.

    Whoever undoes in them what others have done counts on them (runtime.md, "Lifecycle", 3 to 5).
    """
    hooks = request.spec.hooks
    if hooks is not None and isinstance(error, BackendError) and error.step == "hook":
        _run_all(hooks.poststop or (), subject_of(request))


def run_of_creation(hooks: Hooks, request: CreateRequest, pid: int) -> None:
    """Run the hooks of the runtime's own namespaces, in their order; BackendError if one fails.

    Those called prestart are older than the others, and their programs expect what is created.
    """
    subject = subject_of(request)
    for hook in _placed("prestart", hooks.prestart):
        run(hook, subject, "created", pid)
    for hook in _placed("createRuntime", hooks.create_runtime):
        run(hook, subject, "creating", pid)


def _placed(kind: str, hooks: Iterable[Hook] | None) -> Iterator[Placed]:
    for number, hook in enumerate(hooks or ()):
        yield Placed(f"{kind} hook #{number}", hook)


def _run_all(hooks: Iterable[Hook], subject: Subject) -> None:
    """Run the last hooks one after the other; what fails becomes a HookWarning."""
    for hook in _placed("poststop", hooks):
        try:
            run(hook, subject, "stopped", 0)
        except BackendError as error:
            warnings.warn(str(error), HookWarning, stacklevel=2)


def run(hook: Placed, subject: Subject, status: str, pid: int) -> None:
    """Run one hook to its end, with the state as its input; raises BackendError if it fails."""
    given, said = os.memfd_create("state"), os.memfd_create("words")
    streams = [given, said, said]
    try:
        os.write(given, subject.state(status, pid))
        os.lseek(given, 0, os.SEEK_SET)
        for place, annotation in ((1, HOOKS_STDOUT), (2, HOOKS_STDERR)):
            streams[place] = _opened(hook, subject, annotation, said)
        pid = _spawn(hook, streams)
        ended = _wait(hook, pid)
        if ended != 0:
            words = os.pread(said, _QUOTED, 0).decode(errors="replace").strip()
            end = ending(os.waitstatus_to_exitcode(ended))
            raise _failed(hook, f"{end}: {words}" if words else end)
    finally:
        for descriptor in {*streams, said}:
            os.close(descriptor)


def _opened(hook: Placed, subject: Subject, name: str, otherwise: int) -> int:
    """The file that an annotation names for what hooks say."""
    path = (subject.annotations or {}).get(name)
    if not path:
        return otherwise
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _failed(hook, f"{name}: {os.strerror(error.errno or 0).lower()}", error) from error


def _spawn(placed: Placed, streams: Sequence[int]) -> int:
    """Without an environment of its own it has ours, as with runc and crun."""
    actions = [(os.POSIX_SPAWN_DUP2, source, place) for place, source in enumerate(streams)]
    hook = placed.hook
    environment = os.environ if hook.env is None else dict(map(_pair, hook.env))
    try:
        return os.posix_spawn(
            hook.path,
            hook.args or (hook.path,),
            environment,
            file_actions=actions,
            setsigmask=(),
            setsigdef=_IGNORED_BY_PYTHON,
        )
    except OSError as error:
        raise _failed(placed, os.strerror(error.errno or 0).lower(), error) from error


def _pair(variable: str) -> tuple[str, str]:
    name, _, value = variable.partition("=")
    return name, value


def _wait(placed: Placed, pid: int) -> int:
    """Wait for the end, as long as the hook may take; its wait status.

    It is ended if it takes longer, or if somebody interrupts us.
    """
    hook, ended = placed.hook, list[tuple[int, int]]()
    pidfd = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        with interruptible():
            ended = poll.poll(None if hook.timeout is None else hook.timeout * 1000)
    finally:
        if not ended:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        os.close(pidfd)
    if not ended:
        raise _failed(placed, f"it took longer than {hook.timeout} s")
    return status


def _failed(hook: Placed, why: str, error: OSError | None = None) -> BackendError:
    return BackendError(
        f"error running {hook.name}: {hook.hook.path}: {why}",
        step="hook",
        errno=error.errno if error else None,
        path=hook.hook.path,
        backend="linux",
    )
