"""What tests of the command line have."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from waiting import readable

ROOT = Path(__file__).parents[2]
PATIENCE = 20


class Said(NamedTuple):
    """What the program wrote, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def program() -> list[str]:
    """The command line, to be started as a program of its own."""
    return [sys.executable, "-m", "cloche_cli"]


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """Ours, with this checkout in front and a place of the test's own to keep things."""
    paths = [str(ROOT / room) for room in ("core", "backends", "cli")]
    own = {"PYTHONPATH": os.pathsep.join(paths), "CLOCHE_ROOT": str(tmp_path / "root")}
    return {**os.environ, **own, "COLUMNS": "100", "TERM": "xterm"}


@pytest.fixture
def cloche(program, environment) -> Callable[..., Said]:
    """Runs the command line to its end."""

    def run(*words: str, input: str = "", cwd: Path | None = None, **more: str) -> Said:
        finished = subprocess.run(
            [*program, *words],
            input=input, capture_output=True, text=True, timeout=60, cwd=cwd,
            env=environment | more,
        )  # fmt: skip
        return Said(finished.returncode, finished.stdout, finished.stderr)

    return run


@pytest.fixture
def start_cloche(program, environment) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the command line and leaves it to the test; it is ended afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str, **streams: int) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([*program, *words], env=environment, **streams))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in filter(None, (process.stdin, process.stdout, process.stderr)):
            stream.close()
    # Whoever comes next clears up after what was killed: its control groups, above all.
    subprocess.run([*program, "ps"], env=environment, capture_output=True, check=False)


@pytest.fixture
def until() -> Callable[..., object]:
    """Waits for something to become true."""

    def wait(truth: Callable[[], object]) -> object:
        deadline = time.monotonic() + PATIENCE
        while not (found := truth()):
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.02)
        return found

    return wait


@pytest.fixture
def box(cloche, start_cloche, until) -> Callable[..., subprocess.Popen[bytes]]:
    """Runs a named container in another terminal, and returns when it runs."""

    def run(name: str, *words: str, **streams: int) -> subprocess.Popen[bytes]:
        command = words if words else ("--", "sleep", "1000")
        process = start_cloche("run", "--name", name, *command, **streams)
        until(lambda: cloche("ps", "-q", "--filter", f"name={name}").out)
        return process

    return run


class Terminal:
    """A terminal window with one program in it, and somebody who types."""

    def __init__(self, words: list[str], env: dict[str, str]) -> None:
        self.master, self.slave = pty.openpty()
        self.size(80, 24)
        self.before = termios.tcgetattr(self.slave)
        self.shown = self.everything = ""
        self.process = subprocess.Popen(
            words, env=env, stdin=self.slave, stdout=self.slave, stderr=self.slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip

    def size(self, width: int, height: int) -> None:
        """As when somebody drags the window's corner; the kernel sends SIGWINCH."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def expect(self, pattern: str) -> re.Match[str]:
        """Read on until the pattern is shown; what was shown up to its end is done with."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.shown)):
            left = deadline - time.monotonic()
            assert left > 0, f"never shown: {pattern!r} at the end of {self.shown[-1000:]!r}"
            if readable(self.master, left):
                read = os.read(self.master, 65536).decode(errors="replace")
                self.shown, self.everything = self.shown + read, self.everything + read
        self.shown = self.shown[found.end() :]
        return found

    def end(self) -> int:
        """Wait for the program's end; its exit code."""
        return self.process.wait(timeout=PATIENCE)

    def is_restored(self) -> bool:
        return termios.tcgetattr(self.slave) == self.before

    def vanish(self) -> None:
        """As when somebody closes the window."""
        for descriptor in (self.slave, self.master):
            os.close(descriptor)
        self.master = self.slave = -1

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.master >= 0:
            self.vanish()


@pytest.fixture
def terminal(program, environment) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_one(*words: str) -> Terminal:
        opened.append(Terminal([*program, *words], environment))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def tmux(program, environment, tmp_path) -> Iterator[Callable[..., str]]:
    """A tmux server of the test's own; tmux itself is the terminal that a person would see."""
    server = ["tmux", "-L", f"cloche-{uuid.uuid4().hex[:12]}", "-f", "/dev/null"]

    def call(*words: str) -> str:
        return subprocess.run(
            [*server, *words], env=environment, capture_output=True, text=True, check=True
        ).stdout

    yield call
    subprocess.run([*server, "kill-server"], capture_output=True)
