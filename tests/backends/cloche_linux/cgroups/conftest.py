"""Real groups with real processes in them, gone after each test."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import pytest

from cloche.spec import LinuxResources
from cloche_linux import cgroups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cloche_linux.cgroups import Group

#: Runs the code of its argument once it may: by then it is where the test wants it.
WAITING = "import sys; sys.stdin.buffer.read(1); exec(sys.argv[1])"


class Groups:
    """Makes groups and forgets none."""

    def __init__(self) -> None:
        self.made: list[Group] = []

    def __call__(self, resources: LinuxResources | None = None, **options: object) -> Group:
        options.setdefault("need_freezer", resources is None)
        plan = cgroups.plan(resources, id=f"test-{uuid.uuid4().hex}", **options)
        assert plan is not None
        self.made.append(plan.create())
        return self.made[-1]


class Inside:
    """Processes of Python code, moved into a group before the code runs."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, group: Group, code: str) -> subprocess.Popen[bytes]:
        """Start the code; its standard input stays open, with nothing in it."""
        command = [sys.executable, "-I", "-S", "-c", WAITING, code]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        self.started.append(process)
        group.attach(process.pid)
        process.stdin.write(b"x")
        process.stdin.flush()
        return process

    def run(self, group: Group, code: str) -> subprocess.CompletedProcess[str]:
        """Run the code to its end."""
        process = self.start(group, code)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess([], process.returncode, out.decode(), err.decode())


@pytest.fixture
def groups() -> Iterator[Groups]:
    groups = Groups()
    yield groups
    for group in groups.made:
        group.kill()
        group.remove()


@pytest.fixture
def inside(groups: Groups) -> Iterator[Inside]:
    """Ends its processes, and what they forked, before the groups go."""
    inside = Inside()
    yield inside
    for group in groups.made:
        group.kill()
    for process in inside.started:
        process.kill()
        process.communicate()


@pytest.fixture
def directories() -> Callable[[Group], list[str]]:
    """The directories a group consists of."""
    return lambda group: [node["path"] for node in group.info["nodes"]]


#: Becomes another user, who may not be able to read the files that Python is made of.
AS_USER = """
import os, pkgutil, sys
import cloche.spec, cloche_linux.cgroups
for found in pkgutil.iter_modules(cloche_linux.cgroups.__path__, "cloche_linux.cgroups."):
    __import__(found.name)
user = int(sys.argv[1])
os.setgroups([])
os.setresgid(user, user, user)
os.setresuid(user, user, user)
exec(sys.argv[2])
"""


@pytest.fixture
def python_as() -> Callable[[int, str], subprocess.CompletedProcess[str]]:
    """Run Python code that has everything imported as another user."""

    def run(user: int, code: str) -> subprocess.CompletedProcess[str]:
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": "/usr/bin"}
        command = [sys.executable, "-c", AS_USER, str(user), code]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    return run
