"""A terminal of ours, for programs that are to be typed at."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Mapping, Sequence

from callers.daemon import PATIENCE


def with_terminal(words: Sequence[str], environment: Mapping[str, str] | None = None) -> bytes:
    """Run a program in a terminal of ours; what it shows."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        words, stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as running:
        os.close(slave)
        text = b""
        try:
            while piece := os.read(master, 4096):
                text += piece
        except OSError:  # the last one has closed it
            running.wait(PATIENCE)
    os.close(master)
    return text
