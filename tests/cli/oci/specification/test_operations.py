"""The operations: what each does, and when it is an error that has no effect."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from .changes import DELETE, bound, every, joined, linux, mounted, placed

VERBS = ("state", "create", "start", "kill", "delete")


def test_whoever_makes_a_container_can_do_everything_with_it(runtime) -> None:
    runtime.create("sleep", "600")
    assert runtime("state", "box").code == 0
    assert runtime("start", "box").code == 0
    assert runtime("kill", "box", "KILL").code == 0
    runtime.until("stopped")
    assert runtime("delete", "box").code == 0
    assert runtime("state", "box").code != 0


@pytest.mark.parametrize("verb", VERBS)
def test_without_an_id_nothing_is_done(runtime, verb: str) -> None:
    said = runtime(verb)
    assert (said.code != 0, said.err != "") == (True, True), said.out


def test_where_no_bundle_is_none_is_found(runtime, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    said = runtime("create", "--bundle", str(tmp_path / "empty"), "box")
    assert said.code != 0
    assert runtime("state", "box").code != 0


def test_a_configuration_is_called_config_json_and_is_in_the_bundle(runtime) -> None:
    bundle = Path(runtime.bundle("true"))
    (bundle / "config.json").rename(bundle / "other.json")
    assert runtime("create", "--bundle", str(bundle), "box").code != 0
    (bundle / "sub").mkdir()
    (bundle / "other.json").rename(bundle / "sub/config.json")
    assert runtime("create", "--bundle", str(bundle), "box").code != 0
    assert runtime("state", "box").code != 0


@pytest.mark.parametrize("verb", ["state", "start", "kill", "delete"])
def test_a_container_that_is_not_there_is_an_error(runtime, verb: str) -> None:
    said = runtime(verb, "nobody")
    assert said.code != 0
    assert "nobody" in said.err or "not exist" in said.err


def test_the_program_does_not_run_before_it_is_started(runtime, tmp_path) -> None:
    (tmp_path / "shared").mkdir()
    share = mounted(bound(tmp_path / "shared", "/tmp", "bind"))
    runtime.create("sh", "-c", "echo ran > /tmp/ran; sleep 600", change=share)
    time.sleep(0.3)
    assert not (tmp_path / "shared/ran").exists()
    assert runtime("start", "box").code == 0
    runtime.wait_for((tmp_path / "shared/ran").exists)


def test_the_program_is_run_as_it_is_written(runtime) -> None:
    def change(config) -> None:
        config["process"].update(cwd="/tmp", env=["A=b c", "PATH=/bin"])

    said = runtime.run("sh", "-c", 'echo "$0|$1|$A|$PWD"; exit 7', "x y", "z", change=change)
    assert (said.code, said.out) == (7, "x y|z|b c|/tmp\n"), said.err


def test_changes_after_the_creation_have_no_effect(runtime) -> None:
    runtime.create("sh", "-c", "hostname > /tmp/name; sleep 600", change=_scratch)
    bundle = runtime.place / "bundle-0/config.json"
    config = json.loads(bundle.read_text())
    config["process"]["args"] = ["true"]
    config["hostname"] = "other"
    bundle.write_text(json.dumps(config))
    assert runtime("start", "box").code == 0
    runtime.wait_for(lambda: runtime("exec", "box", "test", "-s", "/tmp/name").code == 0)
    assert runtime.status() == "running"
    assert runtime("exec", "box", "cat", "/tmp/name").out == "box\n"


def _scratch(config) -> None:
    config["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})


@pytest.mark.parametrize("moment", ["running", "stopped"])
def test_only_what_is_created_can_be_started(runtime, moment: str) -> None:
    pid = runtime.create("sleep", "600")
    assert runtime("start", "box").code == 0
    if moment == "stopped":
        runtime("kill", "box", "KILL")
    runtime.until(moment)
    said = runtime("start", "box")
    assert said.code != 0
    assert runtime.status() == moment
    assert Path(f"/proc/{pid}/cmdline").exists() or moment == "stopped"


def test_without_a_process_there_is_nothing_to_start(runtime) -> None:
    bundle = runtime.bundle("true", change=placed("process", DELETE))
    made = runtime("create", "--bundle", bundle, "box")
    assert made.code != 0 or runtime("start", "box").code != 0


def test_what_has_ended_gets_no_signal(runtime) -> None:
    runtime.create("true")
    assert runtime("start", "box").code == 0
    runtime.until("stopped")
    said = runtime("kill", "box", "TERM")
    assert said.code != 0
    assert runtime.status() == "stopped"


@pytest.mark.parametrize(("word", "number"), [("USR1", 10), ("SIGUSR2", 12), ("15", 15)])
def test_a_signal_arrives_as_that_which_was_sent(runtime, word: str, number: int) -> None:
    script = (
        f"trap 'echo {number} > /tmp/got' {number}; touch /tmp/up; while :; do sleep 0.05; done"
    )
    pid = runtime.create("sh", "-c", script, change=_scratch)
    assert runtime("start", "box").code == 0
    runtime.wait_for(Path(f"/proc/{pid}/root/tmp/up").exists)
    assert runtime("kill", "box", word).code == 0
    runtime.wait_for(Path(f"/proc/{pid}/root/tmp/got").exists)
    runtime.wait_for(lambda: Path(f"/proc/{pid}/root/tmp/got").read_text() == f"{number}\n")


def test_what_waits_for_its_start_gets_signals(runtime) -> None:
    runtime.create("sleep", "600")
    assert runtime("kill", "box", "KILL").code == 0
    runtime.until("stopped")


@pytest.mark.parametrize("moment", ["created", "running"])
def test_what_has_not_ended_is_not_deleted(runtime, moment: str) -> None:
    pid = runtime.create("sleep", "600")
    if moment == "running":
        assert runtime("start", "box").code == 0
    assert runtime("delete", "box").code != 0
    assert runtime.status() == moment
    assert os.path.isdir(f"/proc/{pid}")


def test_with_a_container_goes_all_that_was_made_for_it(runtime) -> None:
    before = runtime.mounts()
    resources = linux(resources={"pids": {"limit": 9}, "memory": {"limit": 64 << 20}})
    pid = runtime.create("sleep", "600", change=resources)
    assert runtime.groups() != []
    assert runtime("start", "box").code == 0
    assert runtime("kill", "box", "KILL").code == 0
    runtime.until("stopped")
    assert runtime("delete", "box").code == 0
    assert runtime.groups() == []
    assert [*runtime.state.glob("*")] == []
    assert runtime.mounts() == before
    assert (
        not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes()
    )


def test_what_a_container_only_used_stays(runtime, tmp_path) -> None:
    (tmp_path / "shared").mkdir()
    group = Path(f"/sys/fs/cgroup/pids{runtime.group('other')}")
    network = tmp_path / "network"
    network.touch()
    runtime.aside("sh", "-c", f"unshare --net sh -c 'mount --bind /proc/self/ns/net {network}'")
    identity = runtime.aside("stat", "-c", "%i", str(network))
    group.mkdir(parents=True)
    change = every(
        mounted(bound(tmp_path / "shared", "/tmp", "bind")), joined("network", str(network))
    )
    pid = runtime.create("sleep", "600", change=change)
    (group / "cgroup.procs").write_text(str(pid))
    runtime("kill", "box", "KILL")
    runtime.until("stopped")
    assert runtime("delete", "box").code == 0
    assert group.is_dir()
    assert (tmp_path / "shared").is_dir()
    assert (runtime.busybox / "bin/busybox").is_file()
    assert (tmp_path / "bundle-0/config.json").is_file()
    assert runtime.aside("stat", "-c", "%i", str(network)) == identity
    group.rmdir()
    runtime.aside("umount", str(network))


def test_a_deleted_containers_id_is_free_again(runtime) -> None:
    runtime.create("sleep", "600")
    runtime("kill", "box", "KILL")
    runtime.until("stopped")
    assert runtime("delete", "box").code == 0
    assert runtime.create("sleep", "600") > 0
