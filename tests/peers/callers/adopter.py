"""Whoever calls a runtime and adopts what it leaves behind, as conmon and containerd's shim do.

``python adopter.py PIDFILE TIMES WORD…``: run the words, then wait for the process whose pid they
have written, all of that as often as told; prints each exit code, or ``lost`` where somebody else
has taken it.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def main(pid_file: str, times: str, *words: str) -> None:
    """Be the caller."""
    assert ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1) == 0
    for _ in range(int(times)):
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
        print(_ending(int(Path(pid_file).read_text())))


def _ending(pid: int) -> int | str:
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return "lost"


if __name__ == "__main__":
    main(*sys.argv[1:])
