"""Ctrl-C ends a command in a line, however early it comes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import cloche_cli.oci

BOOT = Path(cloche_cli.oci.__file__).with_name("boot.py")


def test_an_interrupt_before_there_is_a_command_is_told_in_a_line(tmp_path) -> None:
    shutil.copy(BOOT, tmp_path)
    interrupting = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    (tmp_path / "snapshot.py").write_text(interrupting)
    said = subprocess.run(
        [sys.executable, "-I", "-S", tmp_path / "boot.py", "list"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (said.returncode, said.stdout, said.stderr) == (130, "", "cloche: interrupted\n")
