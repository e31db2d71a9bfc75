"""A process that is killed, whenever: the next engine finds what it left, and leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from cloche import NotFound, State
from cloche.testing.lab import comes_true


def crashes(place, life) -> list[dict]:
    """One entry for each point at which a process was killed: where, and what was left then."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("crashing.py")), str(place), life],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    decoder, text, found = json.JSONDecoder(), done.stdout, []
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        text = text[end:]
        found.append(value)
    points = []
    for value in found:
        if "at" in value:
            points.append(value)
        elif points and "left" not in points[-1]:
            points[-1].update(value)
    return points


@pytest.mark.parametrize("life", ["run", "two steps"])
def test_killed_at_every_system_call(place, life):
    """Before each call, and in the middle of each line of the journal.

    What was created is kept until somebody removes it, and nothing stays then.
    """
    points = crashes(place, life)
    hit = Counter(point["at"] for point in points)
    assert {"open", "write", "mkdir", "symlink", "unlink", "rmdir"} <= set(hit)
    assert len(points) > 20
    assert [p for p in points if p["again"] != 0 or not_only_owner(p["left"])] == []
    assert any(p["kept"] for p in points) is (life == "two steps")


def not_only_owner(left: list[str]) -> bool:
    return any("/run/owners/" not in each for each in left)


LIVE = """
import cloche_stdio.plugin
from cloche import Engine
from cloche.testing import FakeBackend
engine = Engine(root=sys.argv[1], plugins=[FakeBackend(), cloche_stdio.plugin], runtime="fake")
for options in sys.argv[2:]:
    container = engine.start(["sleep", "600"], **eval(options))
    print(container.id, end=" ")
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other_engine(place):
    """Starts containers in another process; ``kill`` ends that."""
    started = []

    def start(*options: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", "import sys" + LIVE, str(place), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        process.ids = process.stdout.readline().split()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_what_a_living_process_holds_is_left_alone(make_engine, other_engine, traces):
    other = other_engine("{'name': 'web'}")
    engine = make_engine()
    assert engine.prune() == []
    assert engine.get("web").id == other.ids[0]


def test_the_next_engine_removes_what_a_killed_one_held(make_engine, other_engine, traces, place):
    other = other_engine("{'name': 'web'}", "{}")
    other.kill()
    other.wait()
    assert traces() != []
    make_engine()
    assert traces() == []
    assert os.listdir(place / "run/owners") == []


def test_what_is_kept_stays_and_has_stopped(make_engine, other_engine, traces):
    other = other_engine("{'name': 'web', 'keep': True}")
    other.kill()
    other.wait()
    engine = make_engine()
    found = engine.get("web")
    assert (found.state, found.inspect().status) == (State.STOPPED, None)
    assert [c.id for c in engine.list()] == []
    found.remove()
    assert traces() == []


def test_many_prune_at_once(place, other_engine, traces):
    other = other_engine(*["{}"] * 20)
    other.kill()
    other.wait()
    pruners = [other_engine() for _ in range(4)]
    assert comes_true(lambda: traces() == [])
    assert len(pruners) == 4


def test_removing_what_another_process_runs(make_engine, other_engine, traces):
    """The fake lives in its process's memory, so this removes record and root, and says so."""
    other_engine("{'name': 'web'}")
    engine = make_engine()
    engine.get("web").remove(force=True)
    assert traces() == []
    with pytest.raises(NotFound):
        engine.get("web")


@pytest.fixture
def damaged(make_engine, place):
    """An engine, and a container whose record was damaged behind its back."""
    engine = make_engine()
    container = engine.start(["sleep", "60"], name="web")
    journal = next((place / "run/containers" / container.id).glob("*.journal"))
    journal.write_bytes(b"{}\n" + journal.read_bytes())
    return engine, container.id


def test_a_damaged_record_is_listed_with_its_problem(damaged):
    engine, damage = damaged
    assert [c.id for c in engine.list(all=True)] == [damage]
    assert "its record is damaged" in engine.get(damage).inspect().problem
    assert engine.list() == []


def test_a_damaged_record_is_not_pruned(damaged):
    engine, damage = damaged
    assert engine.prune() == []
    assert engine.get(damage).id == damage


def test_a_damaged_record_can_be_removed(damaged, traces, place, tmp_path):
    """Whatever it points at: nothing outside what is proven its own is touched."""
    engine, damage = damaged
    (tmp_path / "precious").write_text("x")
    os.symlink(tmp_path, place / "run/containers" / damage / "link")
    engine.get(damage).remove(force=True)
    assert traces() == []
    assert (tmp_path / "precious").read_text() == "x"


def test_one_damaged_record_does_not_hide_the_others(damaged):
    engine, damage = damaged
    with engine.start(idle=True) as other:
        assert {c.id for c in engine.list(all=True)} == {damage, other.id}
