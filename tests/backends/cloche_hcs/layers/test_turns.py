"""Turns: one at a time, among threads and processes, and none is lost with a process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cloche_hcs.layers.turns import turn

COUNT = """
import sys
from pathlib import Path
from cloche_hcs.layers.turns import turn
for _ in range(int(sys.argv[3])):
    with turn(sys.argv[1]):
        number = int(Path(sys.argv[2]).read_text())
        Path(sys.argv[2]).write_text(str(number + 1))
"""
HOLD = """
import sys, time
from cloche_hcs.layers.turns import turn
with turn(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def python(script: str, *args: object) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
    )


def test_threads_take_turns(tmp_path: Path) -> None:
    inside: list[int] = []

    def work(number: int) -> None:
        with turn(str(tmp_path / "lock")):
            inside.append(number)
            time.sleep(0.001)
            assert inside == [number]
            inside.clear()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(50)))
    assert os.listdir(tmp_path) == []


def test_processes_take_turns(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    counting = [python(COUNT, tmp_path / "lock", counter, 50) for _ in range(4)]
    assert [each.wait(60) for each in counting] == [0] * 4
    for each in counting:
        each.communicate()
    assert counter.read_text() == "200"
    assert os.listdir(tmp_path) == ["counter"]


def test_a_turn_ends_with_its_process(tmp_path: Path) -> None:
    with python(HOLD, tmp_path / "lock") as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        assert os.listdir(tmp_path) == ["lock"]
        holder.kill()
    with turn(str(tmp_path / "lock")):
        assert os.listdir(tmp_path) == ["lock"]
    assert os.listdir(tmp_path) == []
