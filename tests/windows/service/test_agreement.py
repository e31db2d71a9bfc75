"""The stand-in answers the calls of every golden trace as the recorded service did."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from replaying.steering import steering
from service.client import free_string
from service.control import Service
from service.playing import Player, parsed

TRACES = sorted((Path(__file__).parents[1] / "traces").glob("*.json"))
DOCUMENTS = {"properties", "processProperties", "computeSystems", "document"}


@pytest.fixture
def play(service: Service, tmp_path: Path) -> Callable[[dict[str, Any]], list[str]]:
    """Plays all calls of a trace; says where the answers differ."""

    def play(trace: dict[str, Any]) -> list[str]:
        scenario = trace["scenario"]
        player = Player(service.library, free_string(service), tmp_path)
        make_folders(scenario["setup"], player)
        service.begin(*steering(scenario).splitlines())
        try:
            return differences(trace, player)
        finally:
            player.close_ends()

    return play


def make_folders(setup: dict[str, Any], player: Player) -> None:
    for folder in (*setup["dirs"], "C:\\oracle\\layers"):
        Path(player.local(folder)).mkdir(parents=True, exist_ok=True)
    for name, content in setup["files"].items():
        path = Path(player.local(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")


def differences(trace: dict[str, Any], player: Player) -> list[str]:
    found = []
    for call in trace["calls"]:
        rename_what_goes(call, player)
        if call["fn"] == "HcsGetProcessProperties":
            await_exit(trace, call, player)
        code, out = player.play(call)
        if call["fn"] == "HcsModifyProcess":
            player.close_input(call["args"]["process"])
        player.wait_for(expected_by(trace, call))
        golden = (call["hr"], comparable(call["out"]))
        if (code, comparable(out)) != golden:
            found.append(f"{call['seq']} {call['fn']}: {code} {out}, recorded {golden}")
    return found


def comparable(out: dict[str, Any]) -> dict[str, Any]:
    """Documents by value, whatever they are called: who asked knows."""
    values = {"document" if name in DOCUMENTS else name: value for name, value in out.items()}
    if "document" in values:
        values["document"] = parsed(values["document"])
        if values["document"] in (None, "NULL"):
            del values["document"]
    return values


def rename_what_goes(call: dict[str, Any], player: Player) -> None:
    """The client renamed a layer's folder before it had it destroyed."""
    name = player.local(call["args"].get("id", ""))
    folder = Path(name.removesuffix("-removing"))
    if call["fn"] == "DestroyLayer" and name.endswith("-removing") and folder.is_dir():
        folder.rename(name)


def delivered(trace: dict[str, Any]) -> list[dict[str, Any]]:
    return [n for n in trace["notifications"] if not n["swallowed"] and n["callbacks"]]


def expected_by(trace: dict[str, Any], call: dict[str, Any]) -> int:
    """How many notifications a call and those before it have brought about for certain."""
    calls = {each["seq"]: each for each in trace["calls"]}
    count = 0
    for note in delivered(trace):
        cause = calls.get(note["cause"])
        if cause and cause["fn"] == "HcsCreateComputeSystem":
            later = [c for c in calls.values() if c["seq"] > cause["seq"]]
            cause = next(c for c in later if c["fn"] == "HcsRegisterComputeSystemCallback")
        count += cause is not None and cause["seq"] <= call["seq"]
    return count


def await_exit(trace: dict[str, Any], call: dict[str, Any], player: Player) -> None:
    """The client had been told of the exit when it asked for the exit code."""
    process = call["args"]["process"]
    exits = [n["target"] for n in delivered(trace) if n["type"] == "ProcessExited"]
    if process not in exits:
        return
    player.close_input(process)  # it had closed its end of what the process reads
    registered = [c for c in trace["calls"] if c["fn"] == "HcsRegisterProcessCallback"]
    contexts = {c["args"]["process"]: c["args"]["context"] for c in registered}
    player.wait_for_exit(contexts[process])


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_every_answer_of_a_trace_is_the_recorded_one(path, play):
    assert play(json.loads(path.read_text("utf-8"))) == []


def test_another_answer_is_seen(play):
    """The comparison is proven by a trace whose answers were changed."""
    path = next(each for each in TRACES if each.stem == "01-minimal")
    trace = json.loads(path.read_text("utf-8"))
    trace["calls"][-1]["hr"] = "0x80070005"
    trace["calls"][0]["out"] = {"guid": "00000000-0000-0000-0000-000000000000"}
    assert len(play(trace)) == 2
