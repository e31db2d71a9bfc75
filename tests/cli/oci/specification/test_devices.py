"""Devices: those that are always there, those that are asked for, and what may be done to them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .changes import DELETE, every, linux, mounted, placed, process

#: Path in /dev, with the numbers.
ALWAYS = {
    "null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9),
    "tty": (5, 0),
}  # fmt: skip
OWN = {"path": "/dev/own", "type": "c", "major": 1, "minor": 3}


def test_some_devices_are_always_there(runtime) -> None:
    pid = runtime.create("sleep", "600")
    for name, numbers in ALWAYS.items():
        found = os.stat(f"/proc/{pid}/root/dev/{name}")
        assert stat.S_ISCHR(found.st_mode), name
        assert (os.major(found.st_rdev), os.minor(found.st_rdev)) == numbers, name


def test_ptmx_is_that_of_the_containers_terminals(runtime) -> None:
    pid = runtime.create("sleep", "600")
    multiplexer = Path(f"/proc/{pid}/root/dev/ptmx")
    if multiplexer.is_symlink():
        assert os.readlink(multiplexer) in ("pts/ptmx", "/dev/pts/ptmx")
    else:
        assert multiplexer.stat().st_ino == Path(f"/proc/{pid}/root/dev/pts/ptmx").stat().st_ino


def test_with_a_terminal_there_is_a_console(runtime) -> None:
    script = "stat -c %t:%T /dev/console; readlink -f /proc/self/fd/0; tty"
    bundle = runtime.bundle("sh", "-c", script, change=process(terminal=True))
    shell = " ".join([*runtime.program, "run", "--bundle", bundle, "box"])
    said = runtime.aside("script", "-qec", shell, "/dev/null").split()
    assert "88:" in said[0], said  # a terminal of devpts
    assert said[1].startswith("/dev/pts/"), said


def test_a_device_is_as_it_was_asked_for(runtime) -> None:
    devices = [
        {**OWN, "fileMode": 0o640, "uid": 3, "gid": 4},
        {"path": "/tmp/deep/block", "type": "b", "major": 7, "minor": 200},
        {"path": "/dev/fifo", "type": "p", "fileMode": 0o600},
        {"path": "/dev/plain", "type": "u", "major": 1, "minor": 5},
    ]
    script = "stat -c '%F %a %u %g %t:%T' /dev/own /tmp/deep/block /dev/fifo /dev/plain"
    change = every(
        linux(devices=devices),
        mounted({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}),
    )
    lines = runtime.inside(script, change=change).splitlines()
    assert lines[0] == "character special file 640 3 4 1:3"
    assert lines[1].startswith("block special file")
    assert lines[1].endswith("7:c8")
    assert lines[2].startswith("fifo 600")
    assert lines[3].startswith("character special file")
    assert lines[3].endswith("1:5")


def test_a_file_that_is_another_in_the_place_of_a_device_is_an_error(runtime, tmp_path) -> None:
    (tmp_path / "file").touch()
    os.mknod(tmp_path / "zero", stat.S_IFCHR, os.makedev(1, 5))
    wrong = {
        name: every(
            mounted({"destination": "/dev/own", "type": "none", "source": str(tmp_path / name),
                     "options": ["bind"]}),
            linux(devices=[OWN]),
        )
        for name in ("file", "zero")
    }  # fmt: skip
    assert [name for name, change in wrong.items() if runtime.accepts(change)] == []


def test_all_but_a_fifo_have_numbers(runtime) -> None:
    change = every(linux(devices=[OWN]), placed("linux.devices[0].minor", DELETE))
    assert not runtime.accepts(change)
    assert runtime.accepts(linux(devices=[{"path": "/dev/fifo", "type": "p"}]))


def test_rules_of_devices_hold_in_their_order(runtime) -> None:
    """The last that is about a device decides, so one list is no other in another order."""
    no, yes = (
        {"allow": allow, "type": "c", "major": 240, "minor": 9, "access": "rwm"}
        for allow in (False, True)
    )
    device = {"path": "/dev/own", "type": "c", "major": 240, "minor": 9}
    answers = []
    for rules in ([yes, no], [no, yes]):
        change = linux(devices=[device], resources={"devices": rules})
        answers.append(runtime.run("cat", "/dev/own", change=change).err.strip())
    assert "Operation not permitted" in answers[0], answers
    assert "No such device or address" in answers[1], answers
