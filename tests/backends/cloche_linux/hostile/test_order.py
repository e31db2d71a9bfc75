"""A process that is put into a container says nothing before it has been announced.

Whoever floods the machine with processes decides which of two runs first. Were the announcement the
later one, the process could be taken for another: never reaped, so that its container never ends.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SLOW = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=clone3"]
SLOW += ["-e", "inject=clone3:delay_exit=100000"]  # microseconds, in those who make a process

FAIL = """
import sys, time
import cloche
state, root = sys.argv[1:]
engine = cloche.Engine(runtime="linux", root=state)
box = engine.start(rootfs=root, idle=True)
print(box.run(["true"]).returncode)
try:
    box.run(["/nonexistent"])
except cloche.CommandFailed as error:
    print(error.exit_code)
began = time.monotonic()
box.remove(force=True)
print(time.monotonic() - began < 5)
"""


def test_a_process_that_fails_at_once_is_known_and_reaped(busybox: str, tmp_path: Path) -> None:
    command = [*SLOW, sys.executable, "-c", FAIL, str(tmp_path / "state"), busybox]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["0", "127", "True"], done.stderr
