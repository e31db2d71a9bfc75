"""A normal user of this machine, and a Python that such a user may start."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[3]
NOBODY = 65534


def interpreter() -> str | None:
    """A Python that a normal user may start: not the one of root's home; None if there is none."""
    for candidate in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        code = "import cloche_cli.main, pydantic, pytest"
        try:
            done = subprocess.run(
                [candidate, "-c", code], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/",
                env={"PYTHONPATH": python_path()}, capture_output=True,
            )  # fmt: skip
        except PermissionError:
            continue
        if done.returncode == 0:
            return candidate
    return None


def python_path() -> str:
    """This checkout, and what it depends on."""
    own = (str(PROJECT / top) for top in ("core", "backends", "cli"))
    return ":".join((*own, sysconfig.get_path("purelib")))


@contextmanager
def tenant(kind: str, block: int) -> Iterator[int]:
    """A user of this machine, with subordinate ids that newuidmap maps.

    Kinds have blocks of ids of their own (from 0 on), since a process may have several.
    """
    name, uid = f"cloche{kind}{os.getpid()}", 13_000_000 + 10_000_000 * block + os.getpid()
    first = 200_000_000 * (block + 1) + os.getpid() % 3_000 * 65_536
    span = f"{first}-{first + 65_535}"
    none = [word for each in ("UID", "GID") for word in ("-K", f"SUB_{each}_COUNT=0")]
    accounts("useradd", "--no-create-home", "--user-group", "--uid", str(uid), *none, name)
    try:
        accounts("usermod", "--add-subuids", span, "--add-subgids", span, name)
        yield uid
    finally:
        accounts("userdel", name)


def accounts(*command: str) -> None:
    """Change the tables of users, which others may hold locked just now."""
    for _ in range(50):
        done = subprocess.run(command, capture_output=True, text=True)
        if "lock" not in done.stderr:
            break
        time.sleep(0.1)
    assert done.returncode == 0, done.stderr
