"""Slurm, whose nodes run the steps of a job in our containers."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from callers.daemon import until
from callers.remains import remains
from callers.slurm import NODES, Slurm, slurm

from .conftest import copy_root, document

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[Slurm]:
    if os.geteuid() != 0:
        pytest.skip("Slurm's daemons need root")
    with tempfile.TemporaryDirectory(prefix="cloche-") as place, slurm(Path(place)) as started:
        yield started


@pytest.fixture
def bundle(tmp_path, busybox) -> str:
    """A bundle, of which every step makes its own; Slurm 22 takes no other root than ``rootfs``."""
    root = copy_root(busybox, tmp_path / "rootfs")
    config = document(root, "true")
    (tmp_path / "config.json").write_text(json.dumps(config))
    return str(tmp_path)


def containers(cluster: Slurm) -> list[str]:
    return sorted(each.name for each in (cluster.place / "containers").glob("*"))


def test_a_step_runs_in_both_nodes(cluster, bundle) -> None:
    said = cluster("srun", "-N2", "--label", f"--container={bundle}", "hostname")
    assert said.returncode == 0, said.stderr
    assert sorted(said.stdout.splitlines()) == ["0: box", "1: box"]
    until(lambda: containers(cluster) == [] and cluster.idle(), cluster.place / "log")


def test_the_exit_code_comes_through(cluster, bundle) -> None:
    said = cluster("srun", "-N1", f"--container={bundle}", "sh", "-c", "exit 5")
    assert said.returncode == 5, said.stderr


def test_what_is_cancelled_leaves_nothing(cluster, bundle) -> None:
    """Not even what does not end at SIGTERM, as a first process does not."""
    words = ["srun", "-N2", f"--container={bundle}", "sleep", "600"]
    with open(cluster.place / "srun", "wb") as log, subprocess.Popen(
        words, env=cluster.environment, stdout=log, stderr=log
    ) as running:  # fmt: skip
        until(lambda: len(containers(cluster)) == len(NODES), cluster.place / "srun")
        assert [name.partition(".")[0] for name in containers(cluster)] == [*NODES]
        job = containers(cluster)[0].split(".")[2]
        until(lambda: any("sleep 600" in each for each in remains(bundle)), cluster.place / "srun")
        assert cluster("scancel", job).returncode == 0
        running.wait(20)
    until(lambda: containers(cluster) == [] and cluster.idle(), cluster.place / "log")
    assert [each for each in remains(bundle) if "sleep 600" in each] == []
    assert remains(f".root.{job}.0.") == []
