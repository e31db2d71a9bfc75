"""Play one scenario on Windows: ``python -m replaying.driver.play SCENARIO.json RESULTS.json``.

With RESULTS ``acquaintance`` no scenario is played: Cloche gets to know the machine. What it found
out about the service (by asking it) is kept for all scenarios, as it is between users' programs.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

from replaying.driver.folders import ROOT, Folders
from replaying.driver.specs import spec_of
from replaying.driver.steps import Steps

import cloche

OWNER = "containerd"
LAYER = "C:\\oracle\\layers\\base"


def main(scenario: Path, results: Path) -> None:
    """Take all steps, and write down what came of each."""
    if results.name == "acquaintance":
        get_to_know()
    else:
        played = json.loads(scenario.read_text("utf-8"))
        results.write_text(json.dumps(play(played)), "utf-8")
    # What was not released by now would not be on Windows either.
    os._exit(0)


def get_to_know() -> None:
    """Make a container and take it away, and keep what was found out by that."""
    folders = Folders()
    folders.begin({"dirs": [LAYER], "files": {}})
    process = {"args": ["cmd"], "cwd": "C:\\"}
    spec = spec_of({"ociVersion": "1.0.0", "process": process}, {"layers": [LAYER]}, {})
    with cloche.Engine(root=str(ROOT), owner=OWNER) as engine:
        engine.create(spec, id="acquaintance").remove(force=True)
    folders.keep()


def play(scenario: dict[str, Any]) -> list[dict[str, Any]]:
    """Make the folders, and take the steps."""
    folders = Folders()
    folders.make(scenario["setup"])
    folders.look()
    taken = []
    with cloche.Engine(root=str(ROOT), owner=OWNER) as engine:
        steps = Steps(engine)
        for number, step in enumerate(scenario["steps"]):
            mark(number)
            if step["op"] == "new":
                folders.layers[step["id"]] = (step.get("conf") or {}).get("layers") or []
            told = steps.take(step)
            taken.append({"op": step["op"], "step": number, **told, "fs": folders.changes()})
        mark(len(scenario["steps"]))
    return taken


def mark(step: int) -> None:
    """Tell the stand-in service which step the next calls belong to."""
    if os.environ.get("ORACLE_TRACE"):
        ctypes.CDLL("vmcompute.dll").OracleMark(ctypes.c_size_t(step))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
