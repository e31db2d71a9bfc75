"""Bundles in the hands of a normal user: what is mounted and made, and what can't be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .person import Person

PIDS = Path("/sys/fs/cgroup/pids")
UNIFIED = next(
    path
    for path in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
    if (path / "cgroup.controllers").exists()
)

Change = Callable[[dict[str, Any]], object]
Run = Callable[..., tuple[int, str, str]]


def document(root: Path, *args: str) -> dict[str, Any]:
    mounts = [("/proc", "proc", []), ("/dev", "tmpfs", ["mode=755"]), ("/tmp", "tmpfs", [])]
    return {
        "ociVersion": "1.2.0",
        "process": {"args": args, "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}},
        "root": {"path": str(root)},
        "mounts": [
            {"destination": place, "type": kind, "source": kind, "options": options}
            for place, kind, options in mounts
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("mount", "pid", "user")]},
    }


@pytest.fixture
def bundle(person: Person, busybox: str) -> Iterator[Path]:
    """A bundle of the person's own, with something to show beside its root."""
    bundle = person.home / "bundle"
    shutil.copytree(busybox, bundle / "rootfs", symlinks=True)
    for name in ("rootfs/proc", "rootfs/dev", "content/sub"):
        (bundle / name).mkdir(parents=True)
    (bundle / "content/file").write_text("text")
    for path in (bundle, *bundle.rglob("*")):
        os.chown(path, person.uid, person.gid, follow_symlinks=False)
    yield bundle
    shutil.rmtree(bundle)


@pytest.fixture
def oci(person: Person) -> Run:
    def call(*words: str) -> tuple[int, str, str]:
        place = ["--root", str(person.home / "oci")]
        done = subprocess.run(
            [*person.command, "-m", "cloche_cli.oci", *place, *words],
            env=person.surroundings(), user=person.uid, group=person.gid, extra_groups=[], cwd="/",
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return call


@pytest.fixture
def run(oci: Run, bundle: Path) -> Run:
    def run(
        *args: str, change: Change = lambda config: None, detach: tuple[str, ...] = ()
    ) -> tuple[int, str, str]:
        config = document(bundle / "rootfs", *args)
        change(config)
        (bundle / "config.json").write_text(json.dumps(config))
        return oci("run", *detach, "--bundle", str(bundle), "box")

    return run


def showing(bundle: Path, *options: str, **more: Any) -> Change:
    shown = {"destination": "/root", "type": "none", "source": f"{bundle}/content"}
    return lambda config: config["mounts"].append({**shown, "options": list(options), **more})


@pytest.mark.parametrize("option", ["ro", "rro", "rnosuid", "rnodev", "noexec", "rslave"])
def test_a_directory_is_shown_with_options(run: Run, bundle: Path, option: str) -> None:
    code, out, err = run("grep", " /root ", "/proc/mounts", change=showing(bundle, "rbind", option))
    assert (code, err) == (0, "")
    word = {"rro": "ro", "rnosuid": "nosuid", "rnodev": "nodev", "rslave": "rw"}.get(option, option)
    assert word in out.split()[3].split(",")


def test_a_tmpfs_may_begin_with_what_it_hides(run: Run) -> None:
    def change(config: dict[str, Any]) -> None:
        options = ["tmpcopyup", "ro"]
        config["mounts"].append({"destination": "/etc", "type": "tmpfs", "options": options})

    code, out, err = run("sh", "-c", "head -1 /etc/passwd; echo > /etc/x", change=change)
    assert (code, out) == (1, "root:x:0:0::/root:/bin/sh\n")
    assert "Read-only file system" in err


def test_devices_are_those_of_this_machine(run: Run) -> None:
    device = {"path": "/dev/deep/zero", "type": "c", "major": 1, "minor": 5}

    def change(config: dict[str, Any]) -> None:
        config["linux"]["devices"] = [device]

    code, out, err = run("stat", "-c", "%t:%T", "/dev/deep/zero", "/dev/null", change=change)
    assert (code, out, err) == (0, "1:5\n1:3\n", "")


def test_what_is_hidden_is_so(run: Run, bundle: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        showing(bundle, "rbind")(config)
        config["linux"].update(maskedPaths=["/root/file"], readonlyPaths=["/root/sub"])

    code, out, err = run("sh", "-c", "cat /root/file; echo > /root/sub/x", change=change)
    assert (code, out) == (1, "")
    assert "Read-only file system" in err


def test_other_owners_are_root_s_to_show(run: Run, bundle: Path) -> None:
    maps = [{"containerID": 0, "hostID": 5, "size": 5}]
    change = showing(bundle, "bind", "idmap", uidMappings=maps, gidMappings=maps)
    code, _, err = run("true", change=change)
    assert (code, err.startswith("cloche: mounts[3].options[1]: only root may")) == (1, True), err


def test_the_hosts_mounts_are_none_to_add_to(run: Run) -> None:
    spaces = [{"type": "pid"}, {"type": "user"}]
    code, _, err = run("true", change=lambda config: config["linux"].update(namespaces=spaces))
    assert code == 1
    assert err.startswith("cloche: linux.namespaces: a user namespace of its own has no right"), err


@pytest.fixture
def given(person: Person) -> Iterator[str]:
    """A control group that root has made for the person, by its path from the top."""
    group = f"cloche-given-{os.getpid()}"
    made = [PIDS / group, PIDS.with_name("freezer") / group]
    for directory in made:
        directory.mkdir()
        for path in (directory, *directory.iterdir()):
            os.chown(path, person.uid, person.gid)
    yield f"/{group}"
    for directory in made:
        directory.rmdir()


@pytest.mark.skipif(not PIDS.exists(), reason="groups of version 2 only")
@pytest.mark.parametrize("below", ["/box", ""], ids=["beneath it", "itself"])
def test_limits_hold_in_a_group_that_is_given(run: Run, given: str, below: str) -> None:
    path = f"{given}{below}"

    def change(config: dict[str, Any]) -> None:
        shown = {"destination": "/tmp/pids", "source": str(PIDS), "options": ["bind"]}
        config["mounts"].append(shown)
        config["linux"] |= {"cgroupsPath": path, "resources": {"pids": {"limit": 77}}}

    look = f"grep :pids: /proc/self/cgroup; cat /tmp/pids{path}/pids.max"
    code, out, err = run("sh", "-c", look, change=change)
    assert (code, err) == (0, "")
    group, limit = out.split()
    assert (group.partition(":pids:")[2], limit) == (path, "77")
    assert os.path.isdir(f"{PIDS}{path}") == (below == "")


@pytest.mark.skipif(not PIDS.exists(), reason="groups of version 2 only")
def test_what_runs_in_a_group_that_is_given_is_stopped_and_limited_there(
    run: Run, oci: Run, given: str
) -> None:
    def change(config: dict[str, Any]) -> None:
        config["linux"] |= {"cgroupsPath": f"{given}/box", "resources": {"pids": {"limit": 77}}}

    # With streams of its own, for ours are read to their end.
    script = "exec sleep 600 <&- >/dev/null 2>&1"
    assert run("sh", "-c", script, change=change, detach=("--detach",)) == (0, "", "")
    try:
        assert oci("update", "--pids-limit", "55", "box") == (0, "", "")
        assert (PIDS / given[1:] / "box/pids.max").read_text() == "55\n"
        for verb, status in (("pause", "paused"), ("resume", "running")):
            assert oci(verb, "box") == (0, "", "")
            assert json.loads(oci("state", "box")[1])["status"] == status
        assert json.loads(oci("events", "--stats", "box")[1])["data"]["pids"]["limit"] == 55
    finally:
        assert oci("delete", "--force", "box") == (0, "", "")


@pytest.fixture
def handed(person: Person) -> Iterator[Path]:
    """A group of version 2 that is the person's, with one in it for who logs in."""
    top = UNIFIED / f"cloche-handed-{os.getpid()}"
    for directory in (top, top / "login"):
        directory.mkdir()
        for path in (directory, *directory.iterdir()):
            os.chown(path, person.uid, person.gid)
    yield top
    (top / "login").rmdir()
    top.rmdir()


def test_a_group_of_version_2_begins_where_its_user_may(
    person: Person, bundle: Path, handed: Path
) -> None:
    config = document(bundle / "rootfs", "cat", "/proc/self/cgroup")
    config["linux"]["cgroupsPath"] = f"/{handed.name}/box"
    (bundle / "config.json").write_text(json.dumps(config))
    become = f"--reuid={person.uid} --regid={person.gid} --clear-groups"
    script = f'echo $$ > {handed}/login/cgroup.procs && exec setpriv {become} "$@"'
    words = ["--root", str(person.home / "oci"), "run", "--bundle", str(bundle), "box"]
    done = subprocess.run(
        ["sh", "-c", script, "sh", *person.command, "-m", "cloche_cli.oci", *words],
        env=person.surroundings(), cwd="/", stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert f"0::/{handed.name}/box" in done.stdout.splitlines()
    assert sorted(each.name for each in handed.iterdir() if each.is_dir()) == ["login"]
