"""Ctrl-C ends a command in a line, however early it comes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cloche_linux.launcher

BOOT = Path(cloche_linux.launcher.__file__).with_name("boot.py")
INTERRUPTING = """
import os, runpy, signal, sys
class Interrupting:
    def find_spec(name, *_):
        if name == "cloche_cli.oci.program":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting)
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def test_an_interrupt_before_there_is_a_command_is_told_in_a_line() -> None:
    said = subprocess.run(
        [sys.executable, "-c", INTERRUPTING, BOOT, "list"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (said.returncode, said.stdout, said.stderr) == (130, "", "cloche: interrupted\n")
