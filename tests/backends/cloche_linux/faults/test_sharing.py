"""One container in the hands of several processes at once."""

from __future__ import annotations

import json
from pathlib import Path

import cloche

from .conftest import Left
from .embedder import start

ASK = """
    box = cloche.Engine(root=STATE).get("shared")
    tell("ready")
    sys.stdin.readline()
    stats = box.stats()
    tell([stats.pids, os.listdir(os.path.join(STATE, "run", "containers", box.id))])
"""


def test_whoever_measures_first_makes_the_group_for_all(
    engine: cloche.Engine, busybox: str, state: Path, left: Left
) -> None:
    with engine.start(["sleep", "60"], rootfs=busybox, name="shared") as box:
        programs = [start(ASK, busybox, state) for _ in range(4)]
        for program in programs:
            assert program.stdout is not None
            assert program.stdout.readline() == '"ready"\n'
        for program in programs:
            assert program.stdin is not None
            program.stdin.write("\n")
            program.stdin.flush()
        told = [program.communicate(timeout=20) for program in programs]
        assert [err for _, err in told] == [""] * 4
        assert [json.loads(out)[0] for out, _ in told] == [2] * 4
        assert box.stats().pids == 2
    assert left(box.id) == {}


def test_what_one_stops_another_sees_and_lets_go_on(
    engine: cloche.Engine, busybox: str, state: Path, left: Left
) -> None:
    """Also with limits, whose group is there already and grows by what it takes to stop."""
    with (
        engine.start(["sleep", "60"], rootfs=busybox, memory="64M") as box,
        cloche.Engine(root=state) as other,
    ):
        same = other.get(box.id)
        box.pause()
        assert (same.state, box.state) == (cloche.State.PAUSED, cloche.State.PAUSED)
        same.resume()
        assert (same.state, box.state) == (cloche.State.RUNNING, cloche.State.RUNNING)
        same.pause()
        same.close()
    assert left(box.id) == {}
