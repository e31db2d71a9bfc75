"""What the Linux section asks for is so inside, or is refused."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from spaces import unshared

from .conftest import mount


def linux(**values):
    return lambda config: config["linux"].update(values)


def own(config, *kinds: str, **paths: str) -> None:
    joined = [{"type": kind, "path": path} for kind, path in paths.items()]
    config["linux"]["namespaces"] = [*({"type": kind} for kind in kinds), *joined]


def test_a_namespace_that_is_not_listed_is_the_hosts(oci) -> None:
    def change(config) -> None:
        own(config, "mount", "pid")
        del config["hostname"]

    script = "cd /proc/self/ns; readlink net; readlink uts"
    said = oci.run("sh", "-c", script, change=change)
    assert said.out.split() == [os.readlink("/proc/self/ns/net"), os.readlink("/proc/self/ns/uts")]


def test_a_namespace_may_be_joined_by_its_path(oci) -> None:
    pid = oci.create("sleep", "600")
    path = f"/proc/{pid}/ns/net"

    def change(config) -> None:
        own(config, "mount", "pid", "uts", network=path)

    said = oci.run("readlink", "/proc/self/ns/net", change=change)
    assert said.out.strip() == os.readlink(path)


@pytest.fixture
def unshared_mounts() -> Iterator[str]:
    """The path of a mount namespace that is nobody else's."""
    with unshared("--mount") as pid:
        yield f"/proc/{pid}/ns/mnt"


def test_a_mount_namespace_may_be_joined_by_its_path(oci, unshared_mounts) -> None:
    wanted = os.readlink(unshared_mounts)
    script = "readlink /proc/self/ns/mnt; ls /"
    said = oci.run(
        "sh", "-c", script, change=lambda config: own(config, "pid", "uts", mount=unshared_mounts)
    )
    assert said.out.split()[0] == wanted, said.err
    assert {"bin", "dev", "etc", "proc", "sys", "tmp"} <= {*said.out.split()}
    assert str(oci.busybox) not in Path("/proc/self/mountinfo").read_text()


def test_a_process_is_executed_among_the_mounts_that_were_joined(oci, unshared_mounts) -> None:
    oci.create(
        "sleep", "600", change=lambda config: own(config, "pid", "uts", mount=unshared_mounts)
    )
    oci("start", "box")
    said = oci("exec", "box", "sh", "-c", "readlink /proc/self/ns/mnt; ls /")
    assert said.out.split()[0] == os.readlink(unshared_mounts), said.err
    assert {"bin", "dev", "etc", "proc", "sys", "tmp"} <= {*said.out.split()}
    assert oci("delete", "--force", "box").code == 0


def test_the_hosts_mounts_are_not_to_be_joined_by_their_path(oci) -> None:
    said = oci.run("true", change=lambda c: own(c, "pid", "uts", mount="/proc/self/ns/mnt"))
    assert said.code == 1
    assert said.err.startswith("cloche: linux.namespaces[2].path: the mount namespace to join")
    assert oci("list", "--quiet").out == ""


def test_without_a_pid_namespace_of_its_own_all_its_processes_end_with_it(oci) -> None:
    def change(config) -> None:
        own(config, "mount", "uts")
        config["process"]["env"].append("MARK=of-this-test")

    oci.create("sh", "-c", "setsid sleep 600 & sleep 600", change=change)
    oci("start", "box")
    pids = json.loads(oci("ps", "--format", "json", "box").out)
    assert oci("delete", "--force", "box").code == 0
    assert not any(Path(f"/proc/{pid}/cmdline").exists() and
                   Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids)  # fmt: skip


def test_the_pid_namespace_of_another_may_be_joined(oci) -> None:
    pid = oci.create("sleep", "600")
    oci("start", "box")

    def change(config) -> None:
        own(config, "mount", pid=f"/proc/{pid}/ns/pid")
        del config["hostname"]

    said = oci.run("sh", "-c", "cat /proc/1/cmdline; exit 3", change=change)
    assert (said.code, said.out, said.err) == (3, "sleep\x00600\x00", "")
    assert oci.status() == "running"


def test_clocks_may_be_set_apart(oci) -> None:
    def change(config) -> None:
        config["linux"]["namespaces"].append({"type": "time"})
        config["linux"]["timeOffsets"] = {"boottime": {"secs": 1000000}}

    said = oci.run("cat", "/proc/uptime", change=change)
    assert float(said.out.split()[0]) > 1000000


def test_ids_may_be_mapped(oci) -> None:
    def change(config) -> None:
        config["linux"]["namespaces"].append({"type": "user"})
        mapping = [{"containerID": 0, "hostID": 0, "size": 1000}]
        config["linux"].update(uidMappings=mapping, gidMappings=mapping)

    said = oci.run("sh", "-c", "id -u; cat /proc/self/uid_map", change=change)
    assert said.out.split() == ["0", "0", "0", "1000"]


def test_limits_are_in_force_in_the_group_that_is_named(oci) -> None:
    path = f"/cloche-test-{os.getpid()}/box"
    pid = oci.create(
        *("sleep", "600"), change=linux(cgroupsPath=path, resources={"pids": {"limit": 7}})
    )
    groups = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    assert all(line.endswith(f":{path}") for line in groups if "hugetlb" not in line)
    directory = next(Path("/sys/fs/cgroup").glob(f"pids{path}"), Path(f"/sys/fs/cgroup{path}"))
    assert (directory / "pids.max").read_text() == "7\n"
    changed = json.dumps({"pids": {"limit": 9}})
    assert oci("update", "--resources", "-", "box", input=changed).code == 0
    assert (directory / "pids.max").read_text() == "9\n"
    assert oci("update", "--pids-limit", "11", "box").code == 0
    assert (directory / "pids.max").read_text() == "11\n"
    told = json.loads(oci("events", "--stats", "box").out)
    assert (told["type"], told["id"]) == ("stats", "box")
    assert told["data"]["pids"] == {"current": 1, "limit": 11}
    oci("delete", "-f", "box")
    assert not directory.exists()
    for parent in Path("/sys/fs/cgroup").glob(f"*{os.path.dirname(path)}"):
        parent.rmdir()


@pytest.mark.parametrize(("version", "limit"), [("1.2.0", {}), ("1.3.0", {"limit": 1})])
def test_a_limit_of_no_process_is_one_of_one_since_there_is_such_a_limit(
    oci, version: str, limit: dict[str, int]
) -> None:
    """Earlier writers put 0 where they meant none."""

    def change(config) -> None:
        config["ociVersion"] = version
        config["linux"]["resources"] = {"pids": {"limit": 0}}

    oci.create("sleep", "600", change=change)
    told = json.loads(oci("events", "--stats", "box").out)["data"]["pids"]
    assert told == {"current": 1, **limit}


def test_an_update_to_no_process_is_one_to_one(oci) -> None:
    def change(config) -> None:
        config["linux"]["resources"] = {"pids": {"limit": 7}}

    oci.create("sleep", "600", change=change)
    assert oci("update", "--pids-limit", "0", "box").code == 0
    assert json.loads(oci("events", "--stats", "box").out)["data"]["pids"]["limit"] == 1


def test_the_groups_are_shown_where_they_are_mounted(oci) -> None:
    def change(config) -> None:
        config["mounts"].append(mount("/sys/fs/cgroup", "cgroup", "ro", "nosuid"))
        config["linux"]["resources"] = {"pids": {"limit": 7}}

    said = oci.run("sh", "-c", "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max; :",
                   change=change)  # fmt: skip
    assert said.out == "7\n"


def test_paths_are_masked_and_made_read_only(oci) -> None:
    said = oci.run(
        *("sh", "-c", "wc -c < /proc/keys; echo x > /proc/sys/kernel/domainname"),
        change=linux(maskedPaths=["/proc/keys"], readonlyPaths=["/proc/sys"]),
    )
    assert said.out == "0\n"
    assert "Read-only file system" in said.err


def test_parameters_of_its_namespaces_are_set(oci) -> None:
    said = oci.run(
        *("cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/msgmax"),
        change=linux(sysctl={"net.ipv4.ip_forward": "1", "kernel.msgmax": "4096"}),
    )
    assert said.out.split() == ["1", "4096"]


@pytest.mark.parametrize(
    ("option", "refused"), [("rro", True), ("rbind", False)], ids=["recursive", "not"]
)
def test_options_may_be_for_all_that_is_mounted_beneath(oci, tmp_path, option, refused) -> None:
    """In a private mount namespace, which vanishes with the shell that made it."""
    (tmp_path / "top/sub").mkdir(parents=True)

    def change(config) -> None:
        config["mounts"].append(mount("/tmp", "bind", "rbind", option))
        config["mounts"][-1]["source"] = str(tmp_path / "top")

    bundle = oci.bundle("sh", "-c", "echo x > /tmp/sub/file", change=change)
    command = [*oci.program, "run", "-b", bundle, "box"]
    script = f'mount -t tmpfs tmpfs {tmp_path}/top/sub && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *command],
        capture_output=True, text=True, env=oci.environment, timeout=60,
    )  # fmt: skip
    assert ("Read-only file system" in done.stderr) is refused
    assert (done.returncode != 0) is refused


@pytest.mark.parametrize(
    ("wanted", "mark"),
    [("shared", "shared:"), ("rshared", "shared:"), ("unbindable", "unbindable"), ("private", "")],
)
def test_the_root_propagates_as_it_is_to(oci, wanted, mark) -> None:
    said = oci.run("cat", "/proc/self/mountinfo", change=linux(rootfsPropagation=wanted))
    root = next(line for line in said.out.splitlines() if line.split()[4] == "/")
    marks = [word for word in root.split(" - ")[0].split()[6:] if word]
    assert marks[0].startswith(mark) if mark else marks == [], root


def test_what_a_process_is_scheduled_as_is_so(oci) -> None:
    def change(config) -> None:
        config["process"].update(
            scheduler={"policy": "SCHED_BATCH", "nice": 5},
            ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 6},
            oomScoreAdj=321,
        )
        config["linux"]["personality"] = {"domain": "LINUX32"}

    script = (
        "grep ^policy /proc/self/sched; ionice -p $$; cat /proc/self/oom_score_adj; uname -m;"
        "cut -d' ' -f 19 /proc/self/stat"
    )
    said = oci.run("sh", "-c", script, change=change)
    assert said.out.split("\n")[0].split()[-1] == "3"
    assert "best-effort: prio 6" in said.out
    assert said.out.split()[-3:] == ["321", "i686" if os.uname().machine == "x86_64" else "armv8l",
                                     "5"]  # fmt: skip


def test_devices_are_made_and_their_rules_hold(oci) -> None:
    def change(config) -> None:
        device = {"path": "/dev/mine", "type": "c", "major": 240, "minor": 9, "fileMode": 0o640}
        config["linux"]["devices"] = [device]
        config["linux"]["resources"] = {
            "devices": [
                {"allow": False, "access": "rwm"},
                {"allow": True, "type": "c", "major": 240, "minor": 9, "access": "r"},
            ]
        }

    script = "stat -c '%a %t:%T' /dev/mine; cat /dev/mine; echo > /dev/mine"
    said = oci.run("sh", "-c", script, change=change)
    assert said.out == "640 f0:9\n"
    assert "'/dev/mine': No such device or address" in said.err
    assert "/dev/mine: Operation not permitted" in said.err


def test_filters_answer_with_what_they_say(oci) -> None:
    rule = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}
    said = oci.run(
        *("mkdir", "/tmp/x"),
        change=linux(seccomp={"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}),
    )
    assert said.code == 1
    assert "not supported" in said.err


def test_the_root_may_be_read_only_and_the_working_directory_is_made(oci, tmp_path) -> None:
    def change(config) -> None:
        config["root"]["readonly"] = True
        config["process"]["cwd"] = "/tmp/made/here"
        config["mounts"].append(mount("/tmp", "tmpfs"))

    said = oci.run("sh", "-c", "pwd; touch /x", change=change)
    assert said.out == "/tmp/made/here\n"
    assert "Read-only file system" in said.err


def test_a_deadline_on_some_processors_only_is_refused_with_the_reason(oci) -> None:
    def change(config) -> None:
        times = {"runtime": 42000, "deadline": 1000000, "period": 1000000}
        config["process"]["scheduler"] = {"policy": "SCHED_DEADLINE", **times}
        config["linux"]["resources"] = {"cpu": {"cpus": "0"}}

    said = oci.run("true", change=change)
    assert said.code == 1
    assert "scheduler: Operation not permitted (EPERM): it takes CAP_SYS_NICE, and " in said.err
    assert "scheduler can't be used together with AllowedCPUs" in said.err
    assert list(oci.state.glob("*")) == []


def test_a_list_of_processors_that_is_none_is_refused_before_anything_is_made(oci) -> None:
    def change(config) -> None:
        config["process"]["execCPUAffinity"] = {"final": "1-0"}

    said = oci.run("true", change=change)
    assert (said.code, said.err) == (
        1, "cloche: process.execCPUAffinity.final: no processors are 1-0\nhint: 0-2,4\n"
    )  # fmt: skip
    assert list(oci.state.glob("*")) == []


def test_limits_of_a_process_are_set(oci) -> None:
    limits = [{"type": "RLIMIT_NOFILE", "soft": 70, "hard": 80}]
    said = oci.run("sh", "-c", "ulimit -n; ulimit -Hn",
                   change=lambda c: c["process"].update(rlimits=limits))  # fmt: skip
    assert said.out.split() == ["70", "80"]
