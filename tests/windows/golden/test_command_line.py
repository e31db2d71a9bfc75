"""The command line asks of the service what the Python interface asks."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from replaying.comparing import first_difference
from replaying.running import WPY, machine, windows
from replaying.service import default_service, prepare
from replaying.steering import steering
from replaying.trace import Call, Trace, read_call

WINDOWS = Path(__file__).parents[1]
HCS = {"processes": [{"nth": 1, "mode": "run"}, {"nth": 2, "delayMs": 100}]}


@pytest.fixture(scope="module")
def prefix() -> Iterator[Path]:
    prepare()
    with machine(default_service()) as made:
        yield made


def calls(prefix: Path, via: str, verb: str, place: Path) -> list[Call]:
    """What one verb makes of calls, said in one of the two ways."""
    trace, lines = place / f"{via}.trace", place / "steering"
    lines.write_text(steering({"hcs": HCS, "steps": []}), "utf-8")
    environment = {
        "WINEPREFIX": str(prefix),
        "PYTHONPATH": windows(WINDOWS),
        "ORACLE_TRACE": windows(trace),
        "ORACLE_DLL_CONFIG": windows(lines),
    }
    command = [WPY, "-m", "replaying.verbs", via, verb]
    subprocess.run(command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, check=True)
    told = map(json.loads, trace.read_text("utf-8").splitlines())
    made = [read_call(each) for each in told if each["kind"] == "call" and each["step"] == 1]
    return [call for call in made if not is_by_the_way(call)]


def is_by_the_way(call: Call) -> bool:
    """Who comes first asks whether the service can be used, and that is remembered. And whoever
    made the container hears of its end beside the verb, sooner or later.
    """
    heard = call.fn == "HcsGetProcessProperties" and call.args.get("process") == "process#1"
    return heard or call.fn == "HcsEnumerateComputeSystems"


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["stop", "kill", "remove", "exec"])
def test_a_command_makes_the_calls_of_the_interface(
    prefix: Path, verb: str, tmp_path: Path
) -> None:
    said, typed = (calls(prefix, via, verb, tmp_path) for via in ("interface", "command-line"))
    assert len(said) >= 4
    one, other = (
        Trace(scenario={}, calls=made, notifications=[], results=[]) for made in (said, typed)
    )
    assert first_difference(one, other) is None
