"""The edge where failures of the helper become Cloche's errors."""

from __future__ import annotations

import errno
import os

from cloche.errors import (
    BackendError,
    ClocheError,
    CommandFailed,
    NotSupported,
    TimedOut,
    Unavailable,
)
from cloche.machine import refused
from cloche_linux.spawn import ExecFailed, StepFailed
from cloche_linux.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import Process

__all__ = ["failure"]

_DENIED = frozenset({errno.EPERM, errno.EACCES})
_SCARCE = frozenset(
    {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT}
)
#: What clone3 says in a container that may make none itself.
_FILTERED = frozenset({errno.EPERM, errno.ENOSYS})
_UNTRANSLATED = frozenset({errno.EINVAL, errno.EPERM, errno.ENOSYS, errno.E2BIG, errno.EOPNOTSUPP})
#: The kernel gives deadlines to nobody who is bound to some of its processors (sched(7)).
_DEADLINES = {
    (Step.SCHEDULER, errno.EPERM): (
        "it takes CAP_SYS_NICE, and with SCHED_DEADLINE the "
        "process scheduler can't be used together with AllowedCPUs (linux.resources.cpu.cpus)"
    )
}
_NAMESPACE_STEPS = frozenset({Step.UNSHARE, Step.MAP_SELF, Step.MAP_BY_PARENT, Step.FORK})


def failure(error: OSError, operation: str, container: str, process: Process | None) -> ClocheError:
    """Make one of our errors of what came from the helper; raise it ``from`` the original."""
    if isinstance(error, ExecFailed) and process is not None and process.args:
        return _command(error, process.args[0], operation, container)
    if isinstance(error, TimeoutError):
        return TimedOut(
            "the container did not get ready in time", operation=operation, container=container
        )
    if not isinstance(error, StepFailed):
        return _spawn(error, operation, container)
    if error.step is Step.CLONE_TREE and error.errno in _UNTRANSLATED:
        return _untranslated(error, operation, container)
    if error.step is Step.WORKING_DIRECTORY and process is not None:
        return CommandFailed(
            f"working directory {process.cwd}: {_reason(error)}",
            exit_code=126,
            operation=operation,
            container=container,
            backend="linux",
        )
    if error.step in _NAMESPACE_STEPS and error.errno in _DENIED:
        return _no_namespaces(error, operation, container)
    if error.step is Step.HOOK:
        return _hook(error, operation, container)
    return _step(error, operation, container)


def _hook(error: StepFailed, operation: str, container: str) -> BackendError:
    from cloche_linux.endings import told

    why = told(error.detail) or _reason(error)
    return BackendError(
        f"error running {error.origin}: {error.filename}: {why}",
        step="hook",
        errno=error.errno,
        path=error.filename or None,
        operation=operation,
        container=container,
        backend="linux",
    )


def _command(error: ExecFailed, name: str, operation: str, container: str) -> CommandFailed:
    missing = error.errno in {errno.ENOENT, errno.ENOTDIR}
    if missing and error.has_program:
        message = f"the interpreter of {name} is missing"
    elif missing:
        message = f"command not found: {name}"
    else:
        message = f"command cannot be run: {name}: {_reason(error)}"
    hinting = missing and error.has_shell and not error.has_program
    return CommandFailed(
        message,
        exit_code=127 if missing else 126,
        hint="it has /bin/sh" if hinting else None,
        operation=operation,
        container=container,
        backend="linux",
    )


def _no_namespaces(error: StepFailed, operation: str, container: str) -> Unavailable:
    remedy = (
        "run as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, "
        "kernel.apparmor_restrict_unprivileged_userns=0, user.max_user_namespaces=15000"
    )
    return _not_permitted(error, error.step.name.lower(), remedy, operation, container)


def _not_permitted(
    error: OSError, step: str, remedy: str, operation: str, container: str
) -> Unavailable:
    return Unavailable(
        f"namespaces are not permitted here ({step}: {_reason(error)})",
        remedy=remedy,
        operation=operation,
        container=container,
        backend="linux",
    )


def _untranslated(error: StepFailed, operation: str, container: str) -> NotSupported:
    """Of a kernel, or a file system, that can't show files with other owners."""
    kernel = error.errno in {errno.ENOSYS, errno.E2BIG}
    what = "this kernel" if kernel else f"the file system of {error.filename}"
    return NotSupported(
        f"{error.origin}: {what} shows no files with other owners than they have: {_reason(error)}",
        operation=operation,
        container=container,
        backend="linux",
    )


def _step(error: StepFailed, operation: str, container: str) -> BackendError:
    step = error.step.name.lower()
    place = f" {error.filename}" if error.filename else ""
    origin = f"{error.origin}: " if error.origin else ""
    detail = error.detail or _DEADLINES.get((error.step, error.errno or 0), "")
    return BackendError(
        f"{origin}{step}{place}: {_reason(error)}{': ' if detail else ''}{detail}",
        step=step,
        errno=error.errno,
        path=error.filename or None,
        operation=operation,
        container=container,
        backend="linux",
    )


def _spawn(error: OSError, operation: str, container: str) -> ClocheError:
    if error.errno in _SCARCE:
        return refused(error, "spawn", operation=operation, container=container, backend="linux")
    if error.errno in _FILTERED and not error.filename:
        remedy = "a container around this one has to allow clone3 and CAP_SYS_ADMIN"
        return _not_permitted(error, "clone3", remedy, operation, container)
    return BackendError(
        f"{error.filename or 'spawn'}: {_reason(error)}",
        step=None if error.filename else "spawn",
        errno=error.errno,
        path=error.filename,
        operation=operation,
        container=container,
        backend="linux",
    )


def _reason(error: OSError) -> str:
    name = errno.errorcode.get(error.errno or 0, str(error.errno))
    return f"{os.strerror(error.errno or 0)} ({name})"
