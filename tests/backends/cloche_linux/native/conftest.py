"""A container of this floor: a busybox root, a plan begun, and ways to run it."""

from __future__ import annotations

import os
import pickle
import select
import shutil
import signal
import subprocess
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from compiling import load_compiler

from cloche_linux.kernel import Attribute, Namespace, Propagation
from cloche_linux.plan import Plan
from cloche_linux.spawn import Child, spawn

KERNEL_FILES = Attribute.NOSUID | Attribute.NODEV | Attribute.NOEXEC
ALL = Namespace.MOUNT | Namespace.UTS | Namespace.IPC | Namespace.NETWORK | Namespace.CGROUP


@dataclass(frozen=True)
class Ended:
    """How a container ended: ``code`` is negative for a signal; what it wrote."""

    code: int | None
    output: str


def exit_code(child: Child, timeout: float = 20) -> int | None:
    """Wait for the end and read it, as any user of the floor would."""
    poll = select.poll()
    poll.register(child.pidfd, select.POLLIN)
    assert poll.poll(timeout * 1000), "it runs and runs"
    status = child.exit_status()
    return None if status is None else os.waitstatus_to_exitcode(status)


class Sandbox:
    """Plans on the busybox root, and what was spawned from them."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.children: list[Child] = []

    def begin(self, namespaces: int = ALL, size: int = 1 << 20) -> Plan:
        """A plan that has namespaces, an overlay of the root on a private tmpfs, and /proc."""
        plan = Plan()
        plan.unshare(namespaces)
        plan.propagation(Propagation.PRIVATE)
        plan.scratch(size)
        plan.root_overlay([self.root], scratch=True)
        plan.mount("proc", "/proc", "proc", attributes=KERNEL_FILES)
        return plan

    def finish(
        self,
        plan: Plan,
        *argv: str,
        init: bool = True,
        wait: bool = True,
        process: Callable[[Plan], None] = lambda plan: None,
        preserve: int = 0,
        env: Sequence[str] = ("PATH=/bin",),
    ) -> bytes:
        """The rest of it: pivot, ready, init and what is to be executed."""
        plan.pivot()
        plan.ready(wait)
        if init:
            plan.init()
        plan.descriptors(preserve)
        process(plan)
        plan.execute(argv, env)
        return plan.encode()

    def spawn(self, plan: bytes, *args: Any, **more: Any) -> Child:
        """A child that is ended with the test."""
        child = spawn(plan, *args, **more)
        self.children.append(child)
        return child

    def start(self, plan: bytes, *args: Any, **more: Any) -> Child:
        """A child that runs."""
        child = self.spawn(plan, *args, **more)
        child.wait_ready(20)
        child.start(20)
        return child

    def run(
        self,
        *argv: str,
        plan: Plan | None = None,
        stdin: int | None = None,
        extras: Sequence[int] = (),
        **more: Any,
    ) -> Ended:
        """Run to the end with output and errors in one pipe."""
        encoded = self.finish(plan or self.begin(), *argv, **more)
        return self.ended(encoded, stdin, extras)

    def ended(
        self, encoded: bytes, stdin: int | None = None, extras: Sequence[int] = (), **more: Any
    ) -> Ended:
        """Run an encoded plan to its end."""
        reading, writing = os.pipe()
        with open(reading, "rb") as output:
            try:
                child = self.start(encoded, (stdin, writing, writing), extras, **more)
            finally:
                os.close(writing)
            text = output.read().decode()
        return Ended(exit_code(child), text)

    def close(self) -> None:
        """End and reap whatever a test left."""
        for child in reversed(self.children):
            if child.pidfd >= 0:
                with_signal(child, signal.SIGKILL)
                exit_code(child)
                child.close()


def with_signal(child: Child, number: int) -> None:
    """Signal a child that may have ended."""
    with suppress(ProcessLookupError):
        child.kill(number)


@pytest.fixture(scope="session")
def compiler():
    """The compile functions, which live beside the packages and in none."""
    return load_compiler()


@pytest.fixture(scope="session")
def root() -> Iterator[str]:
    """A root directory that anybody may read, with busybox and the usual mount points."""
    directory = tempfile.mkdtemp(prefix="cloche-native-")
    os.chmod(directory, 0o755)
    for name in ("bin", "dev", "etc", "proc", "sys", "tmp", "usr"):
        os.mkdir(f"{directory}/{name}", 0o755)
    shutil.copy("/bin/busybox", f"{directory}/bin/busybox")
    names = subprocess.run(["/bin/busybox", "--list"], check=True, capture_output=True, text=True)
    for name in set(names.stdout.split()) - {"busybox"}:
        os.symlink("busybox", f"{directory}/bin/{name}")
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def sandbox(root: str) -> Iterator[Sandbox]:
    """A sandbox that leaves nothing."""
    made = Sandbox(root)
    yield made
    made.close()


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that anybody may enter, for what another user has to reach."""
    directory = Path(tempfile.mkdtemp(prefix="cloche-native-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def in_fork(function: Callable[[], Any], uid: int = 0) -> Any:
    """Call a function in a forked copy of this process, as a user; returns what it does."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that there are threads is the point
        pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            if uid:
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
            answer = (True, function())
        except BaseException:  # noqa: BLE001 - the test shall see what it was
            answer = (False, traceback.format_exc())
        os.write(writing, pickle.dumps(answer))
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    worked, value = pickle.loads(answer)
    assert worked, value
    return value


@pytest.fixture
def fork() -> Callable[..., Any]:
    """The function above."""
    return in_fork


@pytest.fixture
def code() -> Callable[..., int | None]:
    """Waits for a child and returns its exit code."""
    return exit_code


@contextmanager
def _no_more_descriptors() -> Iterator[None]:
    before = set(os.listdir("/proc/self/fd"))
    yield
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def no_more_descriptors() -> Callable[[], Any]:
    """A context in which as many descriptors are closed as opened."""
    return _no_more_descriptors
