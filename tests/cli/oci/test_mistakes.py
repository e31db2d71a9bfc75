"""What people and machines get wrong: one clear line each, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NOWHERE = "/no/such/place"


def terminal(config) -> None:
    config["process"]["terminal"] = True


@contextmanager
def small_disk(place: Path, *, size: str) -> Iterator[Path]:
    """A file system of its own, with room for next to nothing."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def one_line(said, wanted: str) -> None:
    assert said.code == 1
    assert said.out == ""
    first, *hints = said.err.splitlines()
    assert first.startswith(f"cloche: {wanted}")
    assert all(line.startswith("hint: ") for line in hints)
    assert len(hints) <= 1


def with_streams(oci, closed: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Runs it from a shell that closes streams, or puts something else in their place."""
    line = f'exec "$@" {closed}'
    command = ["sh", "-c", line, "sh", *oci.program, *words]
    return subprocess.run(command, env=oci.environment, capture_output=True, timeout=60)


@pytest.mark.parametrize("command", ["list", "state", "create"])
def test_a_root_that_is_no_directory(oci, command) -> None:
    oci.state.write_text("")
    words = {"list": (), "state": ("box",), "create": ("-b", oci.bundle("true"), "box")}[command]
    said = oci(command, *words)
    if command == "state":
        one_line(said, 'container "box" does not exist')
    elif command == "list":
        one_line(said, f"--root {oci.state}: ")
    else:
        one_line(said, str(oci.state))
    oci.state.unlink()


def test_a_place_that_is_refused_is_to_be_named_by_the_flag_there_is(oci) -> None:
    said = oci("--root", "/proc/version", "create", "-b", oci.bundle("true"), "box")
    one_line(said, "/proc/version is not a private directory of this user")
    assert "--root" in said.err
    assert "CLOCHE_ROOT" not in said.err


@pytest.mark.parametrize(
    ("content", "wanted"),
    [("", "not JSON: "), ("{", "not JSON: "), ("[]", "document: should be an object")],
)
def test_a_file_that_is_no_configuration_is_named(oci, tmp_path, content, wanted) -> None:
    (tmp_path / "config.json").write_text(content)
    one_line(oci("create", "-b", str(tmp_path), "box"), f"{tmp_path}/config.json: {wanted}")


def test_a_file_that_is_no_process_is_named(oci, tmp_path) -> None:
    oci.create("sleep", "600")
    said = oci("exec", "--process", "/dev/null", "box")
    assert said.code == 255
    assert said.err.startswith("cloche: /dev/null: not JSON: ")


def test_a_log_that_can_not_be_written_is_told_once(oci) -> None:
    one_line(oci("list", before=("--log", NOWHERE)), f"--log {NOWHERE}: No such file or directory")


def test_nobody_listens_for_the_terminal(oci) -> None:
    bundle = oci.bundle("sleep", "600", change=terminal)
    said = oci("create", "-b", bundle, "--console-socket", NOWHERE, "box")
    one_line(said, f"--console-socket {NOWHERE}: No such file or directory")
    assert list(oci.state.iterdir()) == []


def test_a_pid_file_in_a_missing_directory(oci) -> None:
    said = oci("create", "-b", oci.bundle("true"), "--pid-file", NOWHERE, "box")
    one_line(said, f"--pid-file {NOWHERE}: No such file or directory")
    assert not oci.state.exists()


@pytest.mark.parametrize("told_by", ["--pid-file", "--console-socket"])
def test_a_further_process_that_nobody_can_be_told_of_is_ended(oci, tmp_path, told_by) -> None:
    oci.create("sleep", "600")
    oci("start", "box")
    options = ["--tty"] if told_by == "--console-socket" else []
    script = "trap '' HUP; sleep 600"
    said = oci("exec", "--detach", *options, told_by, str(tmp_path), "box", "sh", "-c", script)
    assert said.code == 255
    assert said.err.startswith(f"cloche: {told_by} {tmp_path}: ")
    oci.wait_for(lambda: len(json.loads(oci("ps", "--format", "json", "box").out)) == 1)


def test_a_full_disk_for_containers(oci, tmp_path) -> None:
    with small_disk(tmp_path / "disk", size="4k") as disk:
        root = str(disk / "root")
        said = oci("--root", root, "create", "-b", oci.bundle("true"), "box")
        one_line(said, "create: no space left on device")
        assert os.listdir(root) == []


def test_a_full_disk_for_a_pid_file(oci, tmp_path) -> None:
    with small_disk(tmp_path / "disk", size="4k") as disk:
        (disk / "all").write_bytes(bytes(4096))
        said = oci("create", "-b", oci.bundle("true"), "--pid-file", str(disk / "pid"), "box")
        one_line(said, f"--pid-file {disk}/pid: No space left on device")
        assert os.listdir(disk) == ["all"]
    assert list(oci.state.iterdir()) == []


def test_a_pid_file_follows_no_link_that_somebody_put_there(oci, tmp_path) -> None:
    (tmp_path / "victim").write_text("theirs")
    (tmp_path / "pid").symlink_to("victim")
    (tmp_path / ".pid").symlink_to("victim")
    pid = oci.create("true")
    assert (tmp_path / "pid").read_text() == str(pid)
    assert (tmp_path / "victim").read_text() == "theirs"


@pytest.mark.parametrize("words", [("--help",), ("features",), ("list",), ("create", "--help")])
def test_a_reader_that_goes_away_is_nothing_to_tell(oci, words) -> None:
    oci.state.mkdir(exist_ok=True)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*oci.program, *words], env=oci.environment, stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("words", [("--help",), ("features",)])
def test_an_output_that_is_full_is_told(oci, words) -> None:
    done = with_streams(oci, ">/dev/full", *words)
    assert (done.returncode, done.stderr) == (1, b"cloche: No space left on device\n")


def test_closed_streams_are_empty_ones_for_the_container_too(oci, tmp_path) -> None:
    """Not what happens to be open under their numbers."""
    bundle = oci.bundle("sh", "-c", "for n in 0 1 2; do readlink /proc/self/fd/$n; done >/out/told")
    config = json.loads(Path(bundle, "config.json").read_text())
    (tmp_path / "out").mkdir()
    config["mounts"].append(
        {"destination": "/out", "source": str(tmp_path / "out"), "options": ["bind"]}
    )
    Path(bundle, "config.json").write_text(json.dumps(config))
    assert with_streams(oci, "<&- >&- 2>&-", "run", "-b", bundle, "once").returncode == 0
    told = (tmp_path / "out/told").read_text().split()
    assert (told[0], told[2]) == ("/dev/null", "/dev/null")


def test_two_at_once_with_one_id(oci) -> None:
    """One gets it, and the other says whose it is and takes nothing away."""
    command = [*oci.program, "create", "-b", oci.bundle("sleep", "600"), "box"]
    with (oci.place / "told").open("a+") as told:
        both = [
            subprocess.Popen(
                command, env=oci.environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=told,
            )
            for _ in range(2)
        ]  # fmt: skip
        assert sorted(each.wait(60) for each in both) == [0, 1]
        told.seek(0)
        assert told.read() == "cloche: container with id exists: box\nhint: delete box first\n"
    assert oci.status() == "created"


def test_ctrl_c_reaches_the_container_and_nothing_is_left(oci) -> None:
    bundle = oci.bundle("sh", "-c", "trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done")
    command = [*oci.program, "run", "-b", bundle, "once"]
    with subprocess.Popen(command, env=oci.environment, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 9
    assert list(oci.state.iterdir()) == []


@pytest.mark.parametrize("after", [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4])
def test_ctrl_c_leaves_nothing_whenever_it_comes(oci, after) -> None:
    bundle = oci.bundle("sh", "-c", "trap 'exit 130' INT; while :; do sleep 0.05; done")
    command = [*oci.program, "run", "-b", bundle, "once"]
    with subprocess.Popen(command, env=oci.environment, stderr=subprocess.DEVNULL) as child:
        time.sleep(after)
        oci.wait_for(lambda: interrupted(child))
    assert child.returncode != 0
    assert not oci.state.exists() or list(oci.state.iterdir()) == []


def interrupted(child: subprocess.Popen[bytes]) -> bool:
    """Again and again: a shell that has not come to its trap yet hears nothing."""
    child.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        child.wait(0.05)
    return child.returncode is not None
