"""A process that is killed, whenever: what is there is right, and the next try succeeds.

CLOCHE_KILLS says how many are killed: a few in every check, hundreds in a campaign. Each kind of
step is died at once, the rest is chance, of which CLOCHE_SEED decides.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
PEERS = Path(__file__).parents[3] / "peers"
#: Where processes must have died, lest the campaign was none.
STEPS = {
    *("mkdir blobs", "mkdir names", "write oci-layout~", "replace oci-layout"),
    *("open part", "write part", "fsync part", "replace blob", "ftruncate part", "unlink part"),
    *("open spool", "write spool", "fsync spool"),
    *("open name~", "write name~", "fsync name~", "replace name", "unlink name"),
    *("open index.json~", "write index.json~", "fsync index.json~", "replace index.json"),
    *("open note~", "write note~", "fsync note~", "replace note", "unlink note"),
    *("open lease", "write lease", "unlink lease", "unlink blob", "fsync blob", "fsync names"),
}


@pytest.fixture(scope="module")
def deaths(tmp_path_factory) -> list[dict]:
    """One entry for each process that was killed: where, and what was found then."""
    place = tmp_path_factory.mktemp("crashes")
    kills, seed = os.environ.get("CLOCHE_KILLS", "25"), os.environ.get("CLOCHE_SEED", "1")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("crashing.py")), str(place), kills, seed],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(PEERS)},
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_they_died_at_every_step(deaths):
    steps, *killed = deaths
    assert set(steps["steps"]) >= STEPS
    assert {each["at"] for each in killed} >= set(steps["steps"])
    assert len(killed) >= int(os.environ.get("CLOCHE_KILLS", "25"))


def test_nothing_is_wrong_and_the_next_try_succeeds(deaths):
    """And when all names are gone, so is everything else."""
    clean = {"problems": [], "without notes": [], "left": []}
    assert [each for each in deaths[1:] if each["found"] != clean] == []
