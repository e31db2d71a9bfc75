"""A container's life by the command line: each step by a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from .conftest import PATIENCE


def test_create_leaves_an_init_that_waits_and_nothing_of_ours(oci) -> None:
    pid = oci.create("sh", "-c", "echo ran > /dev/null; sleep 600")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    assert (oci.status(), children) == ("created", "")
    assert Path(f"/proc/{pid}/comm").read_text() == "cloche-init\n"
    assert "python" not in os.readlink(f"/proc/{pid}/exe")
    assert Path(f"/proc/{pid}/status").read_text().split("PPid:\t")[1].split()[0] != str(
        os.getpid()
    )


def test_another_process_starts_it_and_the_workload_is_the_very_process(oci) -> None:
    pid = oci.create("sleep", "600")
    assert oci("start", "box").code == 0
    assert Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\x00600\x00"
    assert f"NSpid:\t{pid}\t1\n" in Path(f"/proc/{pid}/status").read_text()
    assert oci.status() == "running"


def test_it_holds_no_descriptor_but_its_streams(oci) -> None:
    pid = oci.create("sleep", "600")
    oci("start", "box")
    assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"]


def test_the_state_is_what_the_runtime_spec_says(oci) -> None:
    pid = oci.create("sleep", "600", change=lambda c: c.update(annotations={"a.b": "c"}))
    told = json.loads(oci("state", "box").out)
    assert (told["id"], told["pid"], told["status"]) == ("box", pid, "created")
    assert (told["ociVersion"], told["annotations"]) == ("1.0.2", {"a.b": "c"})
    assert told["bundle"] == str(oci.place / "bundle-0")
    assert told["rootfs"] == str(oci.busybox)


def test_what_was_started_cannot_be_started_again(oci) -> None:
    oci.create("sleep", "600")
    oci("start", "box")
    said = oci("start", "box")
    assert (said.code, said.err) == (1, "cloche: cannot start a container that is running\n")


def test_a_container_that_was_never_started_can_be_killed_and_deleted(oci) -> None:
    pid = oci.create("sleep", "600")
    assert oci("kill", "box", "KILL").code == 0
    oci.until("stopped")
    assert oci("delete", "box").code == 0
    assert has_ended(pid)
    assert oci("state", "box").code == 1


def test_delete_ends_what_waits_if_it_is_forced(oci) -> None:
    pid = oci.create("sleep", "600")
    assert oci("delete", "box").code == 1
    assert oci.status() == "created"
    assert oci("delete", "--force", "box").code == 0
    assert has_ended(pid)


def test_delete_takes_all_whose_ids_match(oci) -> None:
    for name in ("box-1", "box-2", "other"):
        oci.create("sleep", "600", id=name)
    assert oci("delete", "--force", "--regex", "^box-[0-9]$").code == 0
    assert oci("list", "-q").out == "other\n"


def test_delete_refuses_what_is_no_expression(oci) -> None:
    said = oci("delete", "--regex", "(")
    assert (said.code, said.err.split(":")[1]) == (1, " --regex '('")


def test_delete_refuses_what_runs_unless_forced(oci) -> None:
    oci.create("sleep", "600")
    oci("start", "box")
    refused = oci("delete", "box")
    assert (refused.code, oci.status()) == (1, "running")
    assert "cannot delete container box that is not stopped: running" in refused.err
    assert oci("delete", "--force", "box").code == 0
    assert oci("delete", "--force", "box").code == 0
    assert oci("delete", "box").code == 1


@pytest.mark.parametrize("signal", ["TERM", "SIGTERM", "15"])
def test_signals_have_names_and_numbers(oci, signal) -> None:
    oci.create("sh", "-c", "trap 'exit 0' TERM; echo > /dev/ready; while :; do sleep 0.1; done")
    oci("start", "box")
    oci.wait_for(lambda: oci("exec", "box", "test", "-e", "/dev/ready").code == 0)
    assert oci("kill", "box", signal).code == 0
    oci.until("stopped")


def test_what_has_ended_is_not_killed(oci) -> None:
    oci.create("true")
    oci("start", "box")
    oci.until("stopped")
    assert oci("kill", "box", "9").err == "cloche: container not running\n"
    assert oci("kill", "--all", "box", "9").code == 0


def test_an_id_in_use_is_refused_and_the_first_container_stays(oci) -> None:
    oci.create("sleep", "600")
    said = oci("create", "--bundle", oci.bundle("true"), "box")
    assert (said.code, oci.status()) == (1, "created")
    assert "container with id exists: box" in said.err


def test_run_gives_output_and_exit_code_and_leaves_nothing(oci) -> None:
    said = oci.run("sh", "-c", "hostname; exit 7")
    assert (said.code, said.out) == (7, "box\n")
    assert list(oci.state.iterdir()) == []


def test_run_can_let_go(oci) -> None:
    assert oci("run", "--detach", "--bundle", oci.bundle("sleep", "600"), "box").code == 0
    assert oci.status() == "running"


def test_run_hands_signals_on(oci) -> None:
    bundle = oci.bundle("sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done")
    running = subprocess.Popen(
        [*oci.program, "run", "-b", bundle, "box"], stdout=subprocess.PIPE, env=oci.environment
    )
    with running:
        assert running.stdout.readline() == b"up\n"
        running.terminate()
        assert running.wait(PATIENCE) == 9


def test_paused_processes_stand_still(oci) -> None:
    oci.create("sleep", "600")
    oci("start", "box")
    assert oci("pause", "box").code == 0
    assert oci.status() == "paused"
    assert oci("exec", "box", "true").code == 255
    assert oci("resume", "box").code == 0
    assert oci.status() == "running"


def test_a_place_that_is_named_and_is_not_there_holds_no_list(oci) -> None:
    said = oci("list")
    assert (said.code, said.err) == (1, f"cloche: --root {oci.state}: no such directory\n")


def test_containers_are_listed(oci) -> None:
    oci.state.mkdir(mode=0o700)
    assert oci("list", "--format", "json").out == "null\n"
    pid = oci.create("sleep", "600")
    oci.create("sleep", "600", id="cube")
    assert oci("list", "-q").out == "box\ncube\n"
    listed = json.loads(oci("list", "--format=json").out)
    assert [(each["id"], each["status"]) for each in listed] == [
        ("box", "created"),
        ("cube", "created"),
    ]
    assert listed[0]["pid"] == pid
    assert oci("list").out.splitlines()[0].split() == [
        *("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER")
    ]


def test_processes_are_listed(oci) -> None:
    pid = oci.create("sh", "-c", "sleep 600 & wait")
    oci("start", "box")
    oci.wait_for(lambda: len(json.loads(oci("ps", "--format", "json", "box").out)) == 2)
    assert pid in json.loads(oci("ps", "--format", "json", "box").out)
    assert len(oci("ps", "box").out.splitlines()) == 3


def test_a_maker_that_is_killed_leaves_what_can_be_deleted(oci) -> None:
    """Whatever moment it is killed at: nothing waits, and the id is free again afterwards."""
    bundle = oci.bundle("sleep", "600")
    for milliseconds in (20, 60, 90, 120, 150, 180, 240):
        making = subprocess.Popen(
            [*oci.program, "create", "-b", bundle, "box"], env=oci.environment
        )
        time.sleep(milliseconds / 1000)
        making.kill()
        making.wait()
        assert oci("delete", "--force", "box").code == 0
        assert oci("list", "-q").out == ""
    assert _waiting(bundle) == []


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"id": "other"}'])
def test_what_nothing_can_be_read_of_is_deleted_by_force_alone(oci, content) -> None:
    """As a maker leaves it that is ended early, or a disk that fails."""
    pid = oci.create("sleep", "600")
    (oci.state / "box/state.json").unlink()
    if content is not None:
        (oci.state / "box/state.json").write_text(content)
    for words in (("state", "box"), ("delete", "box")):
        assert oci(*words).code == 1
    assert (oci.state / "box").is_dir()
    assert oci("delete", "--force", "box") == (0, "", "")
    assert list(oci.state.iterdir()) == []
    oci.wait_for(lambda: has_ended(pid))


def has_ended(pid: int) -> bool:
    """Gone, or waiting for whoever adopted it to take notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _waiting(bundle: str) -> list[str]:
    """Processes in a root that only this test uses: by the mounts they see."""
    found = []
    for status in Path("/proc").glob("[0-9]*/mountinfo"):
        try:
            if bundle in status.read_text():
                found.append(status.parent.name)
        except OSError:
            continue
    return found
