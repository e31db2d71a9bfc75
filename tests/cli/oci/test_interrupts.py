"""Ctrl-C ends a command in a line, however early it comes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from launched.interrupting import interrupting

import cloche_linux.launcher

BOOT = Path(cloche_linux.launcher.__file__).with_name("boot.py")
BEGIN = 'import runpy\nrunpy.run_path(sys.argv[1], run_name="__main__")\n'


def test_an_interrupt_before_there_is_a_command_is_told_in_a_line() -> None:
    said = subprocess.run(
        [sys.executable, "-c", interrupting("cloche_cli.oci.program") + BEGIN, BOOT, "list"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (said.returncode, said.stdout, said.stderr) == (130, "", "cloche: interrupted\n")
