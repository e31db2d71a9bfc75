"""Running scenarios: under Wine's Python, against a stand-in service, several side by side."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from replaying.recording import Unfinished, read_recording
from replaying.service import prepare
from replaying.steering import steering
from replaying.trace import Trace

__all__ = ["run"]

WINDOWS = Path(__file__).parents[1]
WPY = WINDOWS / "python" / "wpy"
BUILD = WINDOWS.parents[1] / "build" / "windows-python"
SYSTEM = Path("drive_c/windows/system32")
#: Seconds for a whole batch.
LIMIT = 600


@dataclass(frozen=True)
class Job:
    """One scenario, and where what comes of it goes."""

    scenario: dict[str, Any]
    folder: Path

    def write(self) -> dict[str, object]:
        """Write down what is to be played; what the driver has to know of it."""
        self.folder.mkdir()
        (self.folder / "scenario.json").write_text(json.dumps(self.scenario), "utf-8")
        (self.folder / "steering").write_text(steering(self.scenario), "utf-8")
        return {
            "scenario": windows(self.folder / "scenario.json"),
            "results": windows(self.folder / "results.json"),
            "steering": windows(self.folder / "steering"),
            "trace": windows(self.folder / "trace"),
            "noDll": bool(self.scenario.get("noDll")),
        }


def run(
    scenarios: Sequence[dict[str, Any]], service: Path, *, workers: int = 2
) -> list[Trace | Unfinished]:
    """Run all scenarios; what was recorded of each, in their order."""
    prepare()
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        jobs = [Job(each, Path(folder) / str(number)) for number, each in enumerate(scenarios)]
        told = [job.write() for job in jobs]
        shares = [told[first::workers] for first in range(workers) if told[first::workers]]
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(lambda share: play(share, service, Path(folder)), shares):
                pass
        return [read_recording(job.scenario, job.folder) for job in jobs]


def play(share: list[dict[str, object]], service: Path, folder: Path) -> None:
    """Play some of them in a Windows of their own."""
    with machine(service) as prefix:
        batch = folder / f"{prefix.parent.name}.json"
        batch.write_text(json.dumps(share), "utf-8")
        wpy(prefix, "-m", "replaying.driver", windows(batch))


@contextmanager
def machine(service: Path) -> Iterator[Path]:
    """A Wine prefix of one's own in which the service's library is this."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="replay-", dir=BUILD) as folder:
        prefix = Path(folder) / "prefix"
        wpy(prefix, "-c", "pass")
        library = prefix / SYSTEM / "vmcompute.dll"
        library.unlink(missing_ok=True)
        shutil.copyfile(service, library)
        yield prefix


def wpy(prefix: Path, *args: str) -> None:
    """Run the Windows Python there."""
    environment = {
        "WINEPREFIX": str(prefix),
        "PYTHONPATH": windows(WINDOWS),
        "WPY_TIMEOUT": str(LIMIT),
    }
    subprocess.run(
        [WPY, *args], env={**os.environ, **environment}, stdin=subprocess.DEVNULL, check=True
    )


def windows(path: Path) -> str:
    """How Windows calls a file of this machine."""
    return f"Z:{path.resolve()}".replace("/", "\\")
