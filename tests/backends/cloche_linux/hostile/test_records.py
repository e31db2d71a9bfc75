"""Records that somebody else wrote are not acted upon."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import cloche
from cloche.owners import boot_id


def record_of(process: subprocess.Popen[bytes]) -> str:
    """A journal that says the process is the init of a container whose maker has died."""
    start = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19])
    init = {"pid": process.pid, "start": start, "boot": boot_id()}
    info = {"init": init, "apart": 0, "maps": None, "seccomp": None, "groups": []}
    header = {"version": 1, "id": "web", "created": 1.0, "runtime": "linux"}
    note = {"step": "starting", "time": 1.0, "info": info}
    return f"{json.dumps(header)}\n{json.dumps(note)}\n"


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """A place with the record of a container, and the process of ours that it says is its init."""
    with subprocess.Popen(["sleep", "60"]) as process:
        record = tmp_path / "run/containers/web"
        record.mkdir(parents=True)
        (record / "1-1-00000000.journal").write_text(record_of(process))
        for path in (tmp_path / "run", *(tmp_path / "run").rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        yield tmp_path, process
        process.kill()


def test_a_planted_record_ends_no_process_of_ours(
    planted: tuple[Path, subprocess.Popen[bytes]],
) -> None:
    place, process = planted
    with pytest.raises(cloche.Unavailable, match="is not a private directory of this user"):
        cloche.Engine(root=place)
    assert process.poll() is None
    for path in (place / "run", place / "run/containers", place / "run/containers/web"):
        path.chmod(0o700)
    cloche.Engine(root=place)  # the control: as a record of our own it is believed
    assert process.wait(5) == -9


def test_a_place_that_somebody_makes_later_is_not_believed_either(tmp_path: Path) -> None:
    """Below sticky /tmp, where anybody may be first, as long as nobody of ours was."""
    engine = cloche.Engine(root=tmp_path)
    assert engine.list(all=True) == []
    record = tmp_path / "run/containers/web"
    record.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as process:
        (record / "1-1-00000000.journal").write_text(record_of(process))
        (tmp_path / "run").chmod(0o777)
        for ask in (
            lambda: engine.list(all=True),
            lambda: engine.get("web"),
            lambda: engine.run(["true"]),
            engine.prune,
        ):
            with pytest.raises(cloche.Unavailable, match="is not a private directory"):
                ask()
        assert process.poll() is None
        (tmp_path / "run").chmod(0o700)
        assert [container.id for container in engine.list(all=True)] == ["web"]
        process.kill()
