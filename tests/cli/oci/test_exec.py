"""Further processes, by words and by documents."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .conftest import copy_root, process


@pytest.fixture
def running(oci):
    oci.create("sleep", "600")
    oci("start", "box")
    return oci


def test_output_and_exit_code_are_the_commands(running) -> None:
    said = running("exec", "box", "sh", "-c", "hostname; exit 5")
    assert (said.code, said.out) == (5, "box\n")


def test_what_ends_by_a_signal_has_128_and_its_number(running) -> None:
    assert running("exec", "box", "sh", "-c", "kill -9 $$").code == 137


def test_flags_of_the_command_are_its_own(running) -> None:
    assert running("exec", "box", "echo", "-e", "--cwd", "x").out == "--cwd x\n"


def test_words_change_what_the_first_process_is(running) -> None:
    line = "echo $A $(pwd) $(id -u):$(id -g)"
    said = running(
        *("exec", "--env", "A=b", "--cwd", "/tmp", "-u", "12:34", "box", "sh", "-c", line)
    )
    assert said.out == "b /tmp 12:34\n"


def test_a_document_says_all(running, tmp_path) -> None:
    told = process("sh", "-c", "id -u; pwd") | {"cwd": "/etc", "user": {"uid": 7, "gid": 7}}
    (tmp_path / "process.json").write_text(json.dumps(told))
    said = running("exec", "--process", str(tmp_path / "process.json"), "box")
    assert (said.code, said.out) == (0, "7\n/etc\n")


def test_further_groups_are_those_of_the_document_alone(oci, tmp_path) -> None:
    """Or another user would have root's: podman leaves the list out when it has none to give."""
    user = {"uid": 0, "gid": 0, "additionalGids": [5, 6]}
    oci.create("sleep", "600", change=lambda config: config["process"].update(user=user))
    oci("start", "box")
    said = []
    for more in ({}, {"additionalGids": [9]}):
        told = process("id", "-G") | {"user": {"uid": 7, "gid": 7, **more}}
        (tmp_path / "process.json").write_text(json.dumps(told))
        said.append(oci("exec", "-p", str(tmp_path / "process.json"), "box").out)
    assert said == ["7\n", "7 9\n"]
    assert oci("exec", "-u", "7:7", "box", "id", "-G").out == "7 5 6\n", "words change the first"


def test_a_fault_in_the_document_is_named(running, tmp_path) -> None:
    (tmp_path / "process.json").write_text(json.dumps(process("true") | {"cwd": "x"}))
    said = running("exec", "-p", str(tmp_path / "process.json"), "box")
    assert said.code == 255
    assert said.err.startswith("cloche: process.cwd: ")


def test_it_may_be_let_go_and_its_pid_is_told(running, tmp_path) -> None:
    said = running("exec", "-d", "--pid-file", str(tmp_path / "exec"), "box", "sleep", "500")
    assert said.code == 0
    pid = int((tmp_path / "exec").read_text())
    assert Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\x00500\x00"
    first = int((tmp_path / "pid").read_text())
    assert os.readlink(f"/proc/{pid}/ns/pid") == os.readlink(f"/proc/{first}/ns/pid")
    assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"]


def test_capabilities_may_be_added(running) -> None:
    said = running("exec", "--cap", "CAP_KILL", "box", "grep", "CapEff", "/proc/self/status")
    assert int(said.out.split()[1], 16) == 1 << 5


def test_a_capability_that_there_is_none_of_is_refused_in_words(running) -> None:
    said = running("exec", "--cap", "CAP_UNKNOWN", "box", "true")
    assert said.code == 255
    assert said.err.startswith("cloche: process.capabilities: no such capability: CAP_UNKNOWN")


def test_in_a_document_it_is_left_out_and_warned_of(running, tmp_path) -> None:
    names = ["CAP_CHOWN", "CAP_UNKNOWN"]
    asked = process("grep", "CapEff", "/proc/self/status")
    asked["capabilities"] = {"bounding": names, "effective": names, "permitted": names}
    (tmp_path / "process.json").write_text(json.dumps(asked))
    said = running("exec", "-p", str(tmp_path / "process.json"), "box")
    assert (said.code, int(said.out.split()[1], 16)) == (0, 1), said.err
    assert "warning: CAP_UNKNOWN is left out: there is no such capability" in said.err


def test_without_a_command_it_is_refused(running) -> None:
    said = running("exec", "box")
    assert (said.code, said.err) == (255, "cloche: there is no command\n")


PROCESSORS = ("sh", "-c", "grep Cpus_allowed_list: /proc/self/status")


def on_processors(oci, group: str | None = None, **affinity: str) -> None:
    """Start a container whose further processes run on these processors."""

    def change(config) -> None:
        config["process"]["execCPUAffinity"] = affinity
        if group is not None:
            config["linux"]["resources"] = {"cpu": {"cpus": group, "mems": "0"}}

    oci.create("sleep", "600", change=change)
    assert oci("start", "box").code == 0


def test_it_runs_on_the_processors_that_the_container_has_for_it(oci) -> None:
    last = str(max(os.sched_getaffinity(0)))
    on_processors(oci, final=last)
    assert oci("exec", "box", *PROCESSORS).out.split()[1] == last
    first = Path(f"/proc/{(oci.place / 'pid').read_text()}/status").read_text()
    assert f"Cpus_allowed_list:\t{last}\n" not in first


def test_a_document_names_other_processors_or_leaves_them_to_the_container(oci, tmp_path) -> None:
    first, *_, last = sorted(os.sched_getaffinity(0))
    on_processors(oci, final=str(last))
    told = process(*PROCESSORS)
    (tmp_path / "silent.json").write_text(json.dumps(told))
    told["execCPUAffinity"] = {"final": str(first)}
    (tmp_path / "other.json").write_text(json.dumps(told))
    assert oci("exec", "-p", str(tmp_path / "silent.json"), "box").out.split()[1] == str(last)
    assert oci("exec", "-p", str(tmp_path / "other.json"), "box").out.split()[1] == str(first)


def test_what_the_caller_is_bound_to_is_nothing_to_a_container(oci) -> None:
    """Neither its first process nor others; what a group allows is."""
    first, *_, last = map(str, sorted(os.sched_getaffinity(0)))
    oci.program = ["taskset", "-c", first, *oci.program]
    assert oci.run(*PROCESSORS).out.split()[1] != first
    on_processors(oci, group=last)
    assert oci("exec", "box", *PROCESSORS).out.split()[1] == last
    init = Path(f"/proc/{(oci.place / 'pid').read_text()}/status").read_text()
    assert f"Cpus_allowed_list:\t{last}\n" in init


def test_it_begins_outside_of_the_group_on_processors_that_the_group_has_not(oci) -> None:
    first, *_, last = map(str, sorted(os.sched_getaffinity(0)))
    on_processors(oci, group=last, initial=first)
    said = oci("exec", "box", *PROCESSORS)
    assert (said.code, said.out.split()[1:]) == (0, [last]), said.err


def test_in_the_group_it_can_not_have_processors_that_the_group_has_not(oci) -> None:
    first, *_, last = map(str, sorted(os.sched_getaffinity(0)))
    on_processors(oci, group=last, final=first)
    said = oci("exec", "box", *PROCESSORS)
    assert said.code == 255
    assert "affinity: Invalid argument" in said.err


@pytest.mark.parametrize(
    ("label", "module"), [("apparmorProfile", "AppArmor"), ("selinuxLabel", "SELinux")]
)
def test_a_label_that_nothing_would_enforce_is_refused(running, tmp_path, label, module) -> None:
    (tmp_path / "process.json").write_text(json.dumps(process("touch", "/tmp/ran") | {label: "x"}))
    said = running("exec", "-p", str(tmp_path / "process.json"), "box")
    assert said.code == 255
    assert said.err.startswith(f"cloche: process.{label}: ")
    assert module in said.err
    assert running("exec", "box", "test", "-e", "/tmp/ran").code == 1


@pytest.mark.parametrize(("uid", "home"), [(0, "/root"), (12, "/var/kept"), (77, "/")])
def test_a_home_is_that_of_the_containers_users(oci, uid, home) -> None:
    """A configuration has numbers only, and the container's own file knows what belongs to them."""

    def change(config) -> None:
        config["root"]["path"] = str(_with_users(oci))
        config["process"]["user"]["uid"] = uid

    said = oci.run("sh", "-c", "echo $HOME", change=change)
    assert (said.code, said.out) == (0, f"{home}\n")


def test_an_executed_process_has_the_home_of_its_user(oci) -> None:
    oci.create("sleep", "600", change=lambda c: c["root"].update(path=str(_with_users(oci))))
    oci("start", "box")
    assert oci("exec", "--user", "12", "box", "sh", "-c", "echo $HOME").out == "/var/kept\n"


def _with_users(oci) -> Path:
    """A root whose list of users is behind a link."""
    root = oci.place / "root"
    copy_root(oci.busybox, root)
    (root / "etc/passwd").rename(root / "users")
    with (root / "users").open("a") as users:
        users.write("kept:x:12:12::/var/kept:/bin/sh\n")
    (root / "etc/passwd").symlink_to("../users")
    return root
