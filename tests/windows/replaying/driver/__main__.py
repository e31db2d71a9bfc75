"""Play a batch of scenarios on Windows: ``python -m replaying.driver BATCH.json``.

Each is played in a process of its own, for the stand-in service lives as long as the process that
loaded it, and so does what it counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

#: Seconds that one scenario may take: some wait for what never comes.
PATIENCE = 120
LIBRARY = Path(os.environ["SYSTEMROOT"]) / "System32" / "vmcompute.dll"


def main(batch: Path) -> None:
    """Play each, one after the other, on a machine on which Cloche has been used before."""
    play(str(batch), "acquaintance", {})
    failure = Path(f"{batch}.failure")
    if failure.exists():
        raise SystemExit(failure.read_text("utf-8"))
    for job in json.loads(batch.read_text("utf-8")):
        with_library(present=not job["noDll"])
        environment = {"ORACLE_TRACE": job["trace"], "ORACLE_DLL_CONFIG": job["steering"]}
        play(job["scenario"], job["results"], {} if job["noDll"] else environment)
    with_library(present=True)


def with_library(*, present: bool) -> None:
    """Have the service's library on the machine, or not."""
    away = LIBRARY.with_suffix(".away")
    if present and away.exists():
        away.rename(LIBRARY)
    elif not present and LIBRARY.exists():
        LIBRARY.rename(away)


def play(scenario: str, results: str, environment: dict[str, str]) -> None:
    """Play one; what Python says of a failure is left beside the results."""
    try:
        played = subprocess.run(
            [sys.executable, "-m", "replaying.driver.play", scenario, results],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return
    if played.returncode:
        told = f"{played.stdout}\n{played.stderr}\nexit code {played.returncode}"
        Path(f"{scenario}.failure").write_text(told, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
