"""Classes of service.

No machine of the tests has a processor with resctrl, so most of this is put to a stand-in for the
kernel's file system: a real mount, whose files follow the kernel's rules as far as they are written
down (``peers/resctrl``). What it can't show is that anybody's cache is any smaller. The one test
that needs the real one is skipped without it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.oci.conftest import ROOT, Runtime

from cloche_linux.mountinfo import points_of

from .changes import Change, linux

#: The command line, which takes file systems of the given type for resctrl.
LOOKING = """
import sys
from cloche_linux import resctrl
resctrl._TYPE = sys.argv[1]
from cloche_cli.oci.program import run
sys.exit(run(sys.argv[2:]))
"""
WHOLE = {"L3": "0=fffff", "MB": "0=100"}


class StandIn:
    """A mounted stand-in, and the log of what it was told to do."""

    def __init__(self, top: Path, log: Path) -> None:
        self.top = top
        self._log = log

    def log(self) -> list[str]:
        """What was made, written and removed."""
        return self._log.read_text().splitlines()[1:]

    def shares(self, name: str = ".") -> dict[str, str]:
        """The shares of a class, by resource."""
        lines = (self.top / name / "schemata").read_text().split()
        return dict(line.split(":") for line in lines)

    def tasks(self, name: str = ".") -> list[int]:
        return [int(line) for line in (self.top / name / "tasks").read_text().split()]

    def classes(self) -> list[str]:
        return sorted({each.name for each in self.top.iterdir() if (each / "schemata").exists()})


@pytest.fixture
def resctrl(tmp_path: Path) -> Iterator[StandIn]:
    top, log = tmp_path / "resctrl", tmp_path / "log"
    top.mkdir()
    command = [sys.executable, "-m", "resctrl.tree", str(top), _type(tmp_path)]
    with open(log, "w") as out, subprocess.Popen(
        command, stdout=out, env={"PYTHONPATH": str(ROOT / "tests/peers")}
    ) as server:  # fmt: skip
        try:
            while not log.read_text().startswith("ready\n"):
                assert server.poll() is None, "it could not be mounted"
            yield StandIn(top, log)
        finally:
            subprocess.run(["umount", "--lazy", str(top)], check=True)
            server.kill()  # others' namespaces may have the mount still


def _type(place: Path) -> str:
    """Tests that run at once see each other's mounts."""
    return f"fuse.{place.parent.name}-{place.name}"


@pytest.fixture
def oci(tmp_path: Path, busybox: Path, resctrl: StandIn) -> Iterator[Runtime]:
    """Ours; what it has made is taken away before the stand-in is."""
    runtime = Runtime(tmp_path, busybox)
    way = [sys.executable, "-c", LOOKING, _type(tmp_path)]
    runtime.program = [*way, "--root", str(runtime.state)]
    yield runtime
    for directory in runtime.state.glob("*"):
        assert runtime("delete", "--force", directory.name).code == 0


def of_class(**wanted: Any) -> Change:
    return linux(intelRdt=wanted)


def refused(oci: Runtime, **wanted: Any) -> str:
    """What is said of a class that can't be had; nothing is left of the container."""
    said = oci("create", "-b", oci.bundle("true", change=of_class(**wanted)), "box")
    assert said.code == 1, "a container was made"
    assert not oci.state.exists() or list(oci.state.iterdir()) == []
    return said.err


def test_its_process_is_in_a_class_of_the_containers_name_while_it_lives(oci, resctrl) -> None:
    pid = oci.create("sleep", "600", change=of_class())
    assert resctrl.tasks("box") == [pid]
    assert resctrl.shares("box") == WHOLE
    assert not any("schemata" in line for line in resctrl.log())
    assert oci("delete", "--force", "box").code == 0
    assert resctrl.classes() == []


def test_without_a_class_nothing_is_done(oci, resctrl) -> None:
    assert oci.run("true").code == 0
    assert resctrl.log() == []


def test_shares_are_written_the_caches_first_and_lines_last(oci, resctrl) -> None:
    shares = {"l3CacheSchema": "L3:0=f0", "memBwSchema": "MB:0=20"}
    oci.create("sleep", "600", change=of_class(**shares, schemata=["MB:0=70", "L3:0=f"]))
    written = [line for line in resctrl.log() if line.startswith("write box/schemata")]
    together = "".join(each.partition("schemata ")[2] for each in written)
    assert together == r"L3:0=f0\nMB:0=20\nMB:0=70\nL3:0=f\n"
    assert resctrl.shares("box") == {"L3": "0=f", "MB": "0=70"}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"l3CacheSchema": "L3:0=f0"}, {**WHOLE, "L3": "0=f0"}),
        ({"memBwSchema": "MB:0=20"}, {**WHOLE, "MB": "0=20"}),
        ({"schemata": ["L3:0=3"]}, {**WHOLE, "L3": "0=3"}),
    ],
    ids=["cache", "bandwidth", "lines"],
)
def test_one_share_alone_is_written(oci, resctrl, wanted, expected) -> None:
    oci.create("sleep", "600", change=of_class(**wanted))
    assert resctrl.shares("box") == expected


def test_the_class_of_all_others_is_named_by_a_slash(oci, resctrl) -> None:
    pid = oci.create("sleep", "600", change=of_class(closID="/"))
    assert resctrl.tasks() == [pid]
    assert oci("delete", "--force", "box").code == 0
    assert [line for line in resctrl.log() if not line.startswith("write tasks")] == []


def test_a_class_that_is_named_is_made_and_stays(oci, resctrl) -> None:
    pid = oci.create("sleep", "600", change=of_class(closID="gold", l3CacheSchema="L3:0=f0"))
    assert (resctrl.tasks("gold"), resctrl.shares("gold")["L3"]) == ([pid], "0=f0")
    assert oci("delete", "--force", "box").code == 0
    assert resctrl.classes() == ["gold"]


def test_a_class_that_is_there_has_to_be_as_it_is_wanted(oci, resctrl) -> None:
    """As numbers, however they are written, and as the kernel rounds them."""
    (resctrl.top / "gold").mkdir()
    (resctrl.top / "gold/schemata").write_text("L3:0=f0\nMB:0=20\n")
    same = {"l3CacheSchema": "L3:0=00F0", "memBwSchema": "MB:0=15"}
    oci.create("sleep", "600", change=of_class(closID="gold", **same))
    assert oci("delete", "--force", "box").code == 0
    said = refused(oci, closID="gold", l3CacheSchema="L3:0=f")
    wanted = "L3:0=f: gold is a class and has f0 there"
    assert said == f"cloche: linux.intelRdt.l3CacheSchema: {wanted}\n"
    said = refused(oci, closID="gold", memBwSchema="MB:0=40")
    assert said.startswith("cloche: linux.intelRdt.memBwSchema: MB:0=40: ")
    assert resctrl.shares("gold") == {"L3": "0=f0", "MB": "0=20"}


def test_a_class_of_which_nothing_is_said_has_to_be_there(oci, resctrl) -> None:
    said = refused(oci, closID="gold")
    assert said.startswith("cloche: linux.intelRdt.closID: there is no class gold"), said
    (resctrl.top / "gold").mkdir()
    pid = oci.create("sleep", "600", change=of_class(closID="gold"))
    assert resctrl.tasks("gold") == [pid]


def test_a_class_of_its_name_that_was_there_stays(oci, resctrl) -> None:
    (resctrl.top / "box").mkdir()
    oci.create("sleep", "600", change=of_class())
    assert oci("delete", "--force", "box").code == 0
    assert resctrl.classes() == ["box"]


@pytest.mark.parametrize("name", [None, "gold", "/"])
def test_what_is_measured_has_a_group_that_goes_with_the_container(oci, resctrl, name) -> None:
    wanted = {"closID": name} if name else {}
    if name == "gold":
        (resctrl.top / "gold").mkdir()
    pid = oci.create("sleep", "600", change=of_class(enableMonitoring=True, **wanted))
    group = resctrl.top / (name or "box").strip("/") / "mon_groups/box"
    assert (group / "tasks").read_text().split() == [str(pid)]
    assert oci("delete", "--force", "box").code == 0
    assert not group.exists()
    assert resctrl.classes() == (["gold"] if name == "gold" else [])


def test_where_no_more_can_be_measured_it_is_an_error(oci, resctrl) -> None:
    for name in ("a", "b", "c"):
        (resctrl.top / "mon_groups" / name).mkdir()
    said = refused(oci, enableMonitoring=True)
    assert "No space left on device: Out of RMIDs" in said
    assert resctrl.classes() == []


def test_what_the_kernel_refuses_is_told_in_its_words_and_nothing_stays(oci, resctrl) -> None:
    for wanted, told in {
        "L3:0=f5": "The mask f5 has non-consecutive 1-bits",
        "L3:7=f": "Missing or unknown domain '7'",
    }.items():
        said = refused(oci, closID="gold", l3CacheSchema=wanted)
        assert said.startswith(f"cloche: linux.intelRdt: the kernel refuses {wanted}: "), said
        assert told in said
    for name in ("a", "b", "c"):
        (resctrl.top / name).mkdir()
    assert "Out of CLOSIDs" in refused(oci)
    assert resctrl.classes() == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["a/b", "..", "info", "mon_groups", "a\nb"])
def test_what_can_name_no_class_is_refused(oci, resctrl, name) -> None:
    assert refused(oci, closID=name).startswith("cloche: linux.intelRdt.closID: ")
    assert resctrl.log() == []


def test_a_container_that_fails_leaves_no_class(oci, resctrl) -> None:
    said = oci("create", "-b", oci.bundle("nosuch", change=of_class(schemata=["L3:0=f"])), "box")
    assert said.code == 127
    assert resctrl.classes() == []


def test_further_processes_are_in_the_class_and_measured(oci, resctrl) -> None:
    oci.create("sleep", "600", change=of_class(enableMonitoring=True))
    oci("start", "box")
    place = oci.place / "second"
    assert oci("exec", "-d", "--pid-file", str(place), "box", "sleep", "600").code == 0
    pid = int(place.read_text())
    assert pid in resctrl.tasks("box")
    assert pid in resctrl.tasks("box/mon_groups/box")


def test_shares_are_changed_and_a_class_is_made_if_there_is_none(oci, resctrl) -> None:
    pid = oci.create("sleep", "600")
    words = ("--l3-cache-schema", "L3:0=f0", "--mem-bw-schema", "MB:0=30")
    assert oci("update", *words, "box") == (0, "", "")
    assert (resctrl.tasks("box"), resctrl.shares("box")) == ([pid], {"L3": "0=f0", "MB": "0=30"})
    assert oci("update", "--mem-bw-schema", "MB:0=50", "box").code == 0
    assert resctrl.shares("box") == {"L3": "0=f0", "MB": "0=50"}
    said = oci("update", "--mem-bw-schema", "MB:0=5", "box")
    assert (said.code, "MB value 5 out of range [10,100]" in said.err) == (1, True), said.err
    assert oci("delete", "--force", "box").code == 0
    assert resctrl.classes() == []


def test_the_kernels_own_files_are_found_and_left_as_they_were(tmp_path, busybox) -> None:
    points = points_of({"resctrl"})
    if not points:
        pytest.skip("no resctrl is mounted, for no processor here has it")
    top = Path(points[0])
    runtime, before = Runtime(tmp_path, busybox), sorted(top.iterdir())
    pid = runtime.create("sleep", "600", id=f"box-{os.getpid()}", change=of_class())
    try:
        assert (top / f"box-{os.getpid()}/tasks").read_text().split() == [str(pid)]
    finally:
        assert runtime("delete", "--force", f"box-{os.getpid()}").code == 0
    assert sorted(top.iterdir()) == before
