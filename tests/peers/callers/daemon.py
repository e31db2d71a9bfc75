"""Daemons in the foreground, ended by their handle."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 20


@contextmanager
def daemon(words: Sequence[str], log: Path) -> Iterator[None]:
    """Run a daemon, whose words go to ``log``, while the block runs."""
    with open(log, "ab") as file:
        running = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        yield
    finally:
        running.terminate()
        try:
            running.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            raise


def until(holds: Callable[[], object], log: Path) -> None:
    """Wait until something holds; else AssertionError with what the log says."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, log.read_text()[-4000:]
        time.sleep(0.05)
