"""Processes from plans: the typed floor over the C extension, and the only file that sees its data.

One :class:`Child` for each process, without a thread or a poll loop: ``pidfd`` becomes readable
when it has ended. Everything here may be called on any thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from cloche_linux.steps import Step


class StepFailed(OSError):
    """A step of the plan failed: ``step``, ``errno`` and, where there is one, ``filename`` (bytes
    as str).

    Nothing of the process is left when this is raised.
    """

    step: Step


class ExecFailed(StepFailed):
    """The program could not be executed; ``has_shell`` says whether the root has a ``/bin/sh``.

    By errno: ENOENT is "not found" (127), anything else "cannot be run" (126).
    """

    has_shell: bool


class ExitCode(int):
    """A wait status as ``waitpid(2)`` gives it: ``os.waitstatus_to_exitcode`` reads it."""


class Child:
    """A process under way: set up, then started, then ended.

    It does not end with this object: ``close`` gives up the descriptors only. Before :meth:`start`
    it does end, since the helper waits for a word that can no longer come.
    """

    pid: int
    """In the pid namespace of this process. With FORK in the plan, the first helper's until
    ``wait_ready``."""
    pidfd: int
    """Readable when the process has ended. Owned by this object: duplicate it to keep it."""

    def wait_maps(self, timeout: float | None = None) -> int:
        """Wait until the helper asks for id maps; returns the pid to write them for.

        Raises StepFailed, or TimeoutError.
        """
        raise NotImplementedError

    def maps_done(self) -> None:
        """Tell the helper that its id maps are written."""
        raise NotImplementedError

    def wait_ready(self, timeout: float | None = None) -> int | None:
        """Wait until everything is set up; returns the terminal's master, the caller's to close,
        or None.

        Seconds; None waits for ever. Ctrl-C interrupts. Raises StepFailed, or TimeoutError, which
        leaves the child as it is.
        """
        raise NotImplementedError

    def start(self, timeout: float | None = None) -> None:
        """Let the workload run and wait until it is executed. Raises StepFailed, ExecFailed,
        TimeoutError."""
        raise NotImplementedError

    def exit_status(self) -> int | None:
        """Return the workload's wait status, once ``pidfd`` is readable, and reap the process.
        Never blocks.

        None if nobody knows any more: the exit was taken by another ``waitpid(-1)`` or an ignored
        SIGCHLD in this process, init was killed, and the kernel (before 6.15) keeps no record.
        Raises BlockingIOError while it runs. The answer is kept.
        """
        raise NotImplementedError

    def kill(self, signal_number: int) -> None:
        """Send a signal through the pidfd. Raises ProcessLookupError once it has ended."""
        raise NotImplementedError

    def close(self) -> None:
        """Give up all descriptors; a child that has ended is reaped. May be called again."""
        raise NotImplementedError

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def spawn(
    plan: bytes,
    stdio: tuple[int | None, int | None, int | None] = (None, None, None),
    extras: Sequence[int] = (),
    *,
    new_pid_namespace: bool = True,
    cgroup: int | None = None,
) -> Child:
    """Spawn a helper on a plan; returns while it still sets up.

    ``stdio`` are descriptors of this process, duplicated, None meaning the null device; ``extras``
    are the further ones that the plan speaks of by place. ``new_pid_namespace`` is false for plans
    that join one or make it with ``fork``. ``cgroup`` is a cgroup2 directory to be born in. This
    process is not forked, and none of its other descriptors are seen by the helper.

    Raises OSError if no process could be made (EAGAIN: too many; EBADF: ``cgroup`` is not cgroup2).
    """
    raise NotImplementedError


def open_root(pidfd: int, namespaces: int) -> int:
    """Return an O_PATH descriptor of the root directory of a container's process, for file access
    from here.

    ``namespaces``: MOUNT, with USER for one that has its own. Owned by the caller. Raises
    StepFailed.
    """
    raise NotImplementedError


def probe(*, user_namespace: bool) -> dict[str, int]:
    """Try, in a child, what plans need of this kernel; returns an errno (0: it works) by name of
    the ability.

    With ``user_namespace`` everything is tried in a new one, as for containers without root.
    """
    raise NotImplementedError


def openat2(directory: int, path: str | bytes, flags: int, mode: int = 0, resolve: int = 0) -> int:
    """Open a path as ``openat2(2)`` does; O_CLOEXEC is added. Raises OSError with the path."""
    raise NotImplementedError


def load_device_program(instructions: bytes) -> int:
    """Load eBPF instructions of type BPF_PROG_TYPE_CGROUP_DEVICE; returns a descriptor. Raises
    OSError."""
    raise NotImplementedError


def attach_device_program(cgroup: int, program: int) -> None:
    """Attach a device program to a cgroup2 directory, beside those there already. Raises
    OSError."""
    raise NotImplementedError


def detach_device_program(cgroup: int, program: int) -> None:
    """Detach a device program from a cgroup2 directory. Raises OSError."""
    raise NotImplementedError
