"""Plain commands are done without Python; all else is handed over before anything is done."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from launched.programs import HANDED_OVER
from launched.remains import Traces


@pytest.fixture
def ours(by, alone):
    """Runs a command where being handed over shows."""
    return lambda *words: by([str(alone)], *words)


def test_a_containers_life_after_its_creation_takes_no_python(oci, ours):
    oci.create("sh", "-c", "trap 'exit 3' USR1; while :; do sleep 1; done")
    traces = Traces.of(oci)
    for wanted, words in (("created", ("start", "box")), ("running", ("kill", "box", "KILL"))):
        assert json.loads(ours("state", "box").out)["status"] == wanted
        assert ours(*words) == (0, "", "")
    traces.settle()
    assert json.loads(ours("state", "box").out)["status"] == "stopped"
    assert ours("delete", "box") == (0, "", "")
    assert not (oci.state / "box").exists()
    assert [group for group in traces.groups if group.exists()] == []


def test_force_ends_what_runs_and_what_waits(oci, ours):
    for started in (False, True):
        oci.create("sleep", "1000")
        traces = Traces.of(oci)
        if started:
            assert ours("start", "box").code == 0
        assert ours("delete", "--force", "box") == (0, "", "")
        assert not traces.alive()
        assert [group for group in traces.groups if group.exists()] == []
    assert ours("delete", "--force", "box") == (0, "", "")


def test_force_ends_what_is_paused(oci, ours):
    oci.create("sleep", "1000")
    traces = Traces.of(oci)
    oci("start", "box")
    assert oci("pause", "box").code == 0
    assert json.loads(ours("state", "box").out)["status"] == "paused"
    assert ours("delete", "-f", "box") == (0, "", "")
    assert not traces.alive()


@pytest.mark.parametrize("signal", ["USR1", "SIGUSR1", "10"])
def test_signals_arrive(signal, oci, ours):
    oci.create("sh", "-c", "trap exit USR1; while :; do sleep 0.05; done")
    traces = Traces.of(oci)
    assert ours("start", "box").code == 0
    until_trapped(traces.pid)
    assert ours("kill", "box", signal).code == 0
    traces.settle()


def until_trapped(pid: int) -> None:
    """Until the shell has a handler for SIGUSR1."""
    while True:
        status = Path(f"/proc/{pid}/status").read_text()
        (caught,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")]
        if int(caught, 16) & 1 << 9:
            return


@pytest.mark.parametrize(
    "words",
    [
        (), ("help",), ("--help",), ("--version",), ("list",), ("features",), ("create", "box"),
        ("state",), ("state", "box", "more"), ("state", "--help", "box"), ("state", "../box"),
        ("state", ""), ("state", "."), ("kill", "box", "NONE"), ("kill", "box", "65"),
        ("kill", "-a", "box"), ("kill", "box", "RTMIN+1"), ("delete", "--regex", "b"),
        ("delete", "box"), ("start", "box"), ("delete", "--force=maybe", "box"),
        ("--no-such", "state", "box"), ("--log-format", "xml", "state", "box"),
        ("--cgroup-manager", "none", "state", "box"), ("--log", "/nowhere/log", "state", "box"),
        ("--root",), ("--", "state", "box"), ("state", "--", "box"), ("state", "none"),
    ],
)  # fmt: skip
def test_what_is_not_plain_is_handed_over(words, oci, ours):
    oci.create("sleep", "1000")
    assert oci("start", "box").code == 0
    before = json.loads(oci("state", "box").out)
    assert ours(*words) == (HANDED_OVER, "", "")
    assert json.loads(oci("state", "box").out) == before


@pytest.mark.parametrize("name", ["mounts.json", "resctrl.json"])
def test_what_only_python_takes_away_is_handed_over(name, oci, ours):
    oci.create("sleep", "1000")
    note = oci.state / "box" / name
    note.write_text("{}")
    assert ours("delete", "--force", "box") == (HANDED_OVER, "", "")
    note.unlink()
    assert ours("delete", "--force", "box") == (0, "", "")


@pytest.mark.parametrize(
    "flags",
    [
        ("--debug",), ("--debug=false",), ("-debug", "--systemd-cgroup"), ("--rootless=auto",),
        ("--rootless", "true"), ("--cgroup-manager=systemd",), ("--log-format", "json"),
        ("--log=log", "--log-format=text"),
    ],
)  # fmt: skip
def test_flags_that_change_nothing_here_are_taken(flags, oci, alone, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    oci.create("sleep", "1000")
    command = [alone, *flags, f"--root={oci.state}", "state", "box"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "log").exists() == any("--log=" in flag for flag in flags)


def test_a_relative_root_is_where_it_is(oci, alone, monkeypatch):
    oci.create("sleep", "1000")
    monkeypatch.chdir(oci.state.parent)
    command = [alone, "--root", oci.state.name, "state", "box"]
    assert subprocess.run(command, capture_output=True, timeout=20).returncode == 0
    command = [alone, "--root", f"none/../{oci.state.name}", "state", "box"]
    assert subprocess.run(command, capture_output=True, timeout=20).returncode == HANDED_OVER


@pytest.mark.parametrize("stream", [0, 1, 2])
def test_without_one_of_the_streams_it_is_handed_over(stream, oci, alone):
    oci.create("sleep", "1000")
    script = f'exec {stream}>&-; exec "$0" --root "$1" state box'
    command = ["sh", "-c", script, alone, oci.state]
    assert subprocess.run(command, timeout=20).returncode == HANDED_OVER


def test_a_reader_who_is_gone_is_an_exit_code(oci, alone):
    oci.create("sleep", "1000")
    reading, writing = os.pipe()
    os.close(reading)
    command = [alone, "--root", oci.state, "state", "box"]
    try:
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=20)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_disk_that_is_full_is_explained(oci, alone):
    oci.create("sleep", "1000")
    with open("/dev/full", "w") as full:
        command = [alone, "--root", oci.state, "state", "box"]
        assert subprocess.run(command, stdout=full, timeout=20).returncode == HANDED_OVER
