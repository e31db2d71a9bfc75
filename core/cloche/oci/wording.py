"""Errors of programs in the words that callers look for, to tell 126 from 127.

Source: podman's libpod/oci_util.go and containerd's runc shim, which search messages for them.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import errno
from contextlib import contextmanager

from cloche.errors import CommandFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.spec import Process

__all__ = ["worded"]

_NOT_FOUND = 127


@contextmanager
def worded(process: Process) -> Iterator[None]:
    """Say in those words why the program of ``process`` could not be run."""
    try:
        yield
    except CommandFailed as error:
        name = (process.args or ("",))[0]
        raise CommandFailed(
            f'exec: "{name}": {_reason(error, name)}',
            exit_code=error.exit_code,
            hint=error.hint,
            operation=error.operation,
            container=error.container,
            backend=error.backend,
        ) from error


def _reason(error: CommandFailed, name: str) -> str:
    cause = error.__cause__
    if error.exit_code == _NOT_FOUND and getattr(cause, "has_program", False):
        return f"exec {name}: no such file or directory: {error}"
    if error.exit_code == _NOT_FOUND:
        return f"stat {name}: no such file or directory" if "/" in name else _MISSING
    if isinstance(cause, OSError) and cause.errno in (errno.EACCES, errno.EPERM):
        return f"permission denied: {error}"
    return str(error)


_MISSING = "executable file not found in $PATH"
