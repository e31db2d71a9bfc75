"""What podman is asked for is so inside: as root, and as a normal user where that may be had."""

from __future__ import annotations

import json

import pytest
from callers.podman import Podman

pytestmark = pytest.mark.slow

STATUS = "grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status | cut -f2"

#: Options by what they are to do, with a command and what it says: all are asked for at once.
TOGETHER = {
    "the root is read-only": (
        ["--read-only", "--read-only-tmpfs=false"], "touch /x 2>/dev/null; echo $?", "1"),
    "a user, who may write to streams": (
        ["--user=1000:1000"], "id -u; echo x > /dev/stderr", "1000"),
    "no privileges, none to be had, no filter": (
        ["--cap-drop=all", "--security-opt=no-new-privileges", "--security-opt=seccomp=unconfined"],
        STATUS, "0000000000000000\n1\n0"),
    "limits of resources": (
        ["--ulimit=nofile=100:200"], "ulimit -n; ulimit -Hn", "100\n200"),
    "limits are lowered to what may be had": (
        ["--ulimit=memlock=-1:-1"], "test $(ulimit -l) = unlimited || test $(ulimit -l) -gt 0", ""),
    "a device": (
        ["--device=/dev/zero:/dev/more"], "head -c 3 /dev/more | wc -c", "3"),
    "a name": (
        ["--hostname=abc"], "hostname", "abc"),
    "a setting of the kernel": (
        ["--sysctl=net.ipv4.ip_forward=1"], "cat /proc/sys/net/ipv4/ip_forward", "1"),
    "a little init": (
        ["--init", "--init-path=/usr/bin/catatonit"], "tr '\\0' '\\n' < /proc/1/cmdline | head -1",
        "/run/podman-init"),
}  # fmt: skip

BY_ITSELF = {
    "privileges": (
        ["--cap-drop=all", "--cap-add=net_admin"], STATUS, "0000000000001000\n0\n2"),
    "the processes of the host": (
        ["--pid=host"], "test $$ -gt 2; echo $?", "0"),
    "no control groups": (
        ["--cgroups=disabled"], "grep -c libpod /proc/self/cgroup", "0"),
    "everything": (
        ["--privileged"], "test -c /dev/ptmx && grep Seccomp: /proc/self/status", "Seccomp:\t0"),
}  # fmt: skip

FOR_ROOT = {
    "memory and processes": (
        ["--memory=64m", "--pids-limit=50"],
        "cd /sys/fs/cgroup; cat memory*/memory.limit_in_bytes memory.max pids*/pids.max pids.max",
        f"{64 << 20}\n50"),
    "the queues of the host": (
        ["--ipc=host"], "test -d /dev/shm; echo $?", "0"),
    "a user namespace": (
        ["--uidmap=0:100000:2000", "--gidmap=0:100000:2000"],
        "awk '{print $1,$2,$3}' /proc/self/uid_map", "0 100000 2000"),
}  # fmt: skip

FOR_TENANTS = {
    "the user as itself": (["--userns=keep-id"], "test $(id -u) -gt 999; echo $?", "0"),
    "nobody of the host": (["--userns=nomap"], "id -u", "0"),
    "a part of the ids": (
        ["--userns=auto:size=2000"],
        "awk '{print $1,$3}' /proc/self/uid_map",
        "0 2000",
    ),
}


def check(owner: Podman, options: list[str], script: str, wanted: str) -> None:
    said = owner.run(*options, "box", "sh", "-c", script)
    assert said.stdout.strip() == wanted.strip(), said.stderr


def check_together(owner: Podman) -> None:
    options = [word for words, _, _ in TOGETHER.values() for word in words]
    script = "\n".join(f"echo '{what}:'; {told}" for what, (_, told, _) in TOGETHER.items())
    wanted = "".join(f"{what}:\n{said}\n" for what, (_, _, said) in TOGETHER.items())
    check(owner, options, script, wanted.replace("\n\n", "\n"))


def test_all_is_so_for_root(podman: Podman) -> None:
    check_together(podman)


def test_all_is_so_for_a_normal_user(tenants: Podman) -> None:
    check_together(tenants)


@pytest.mark.parametrize("what", BY_ITSELF | FOR_ROOT)
def test_it_is_so_for_root(podman: Podman, what: str) -> None:
    check(podman, *(BY_ITSELF | FOR_ROOT)[what])


@pytest.mark.parametrize("what", BY_ITSELF | FOR_TENANTS)
def test_it_is_so_for_a_normal_user(tenants: Podman, what: str) -> None:
    check(tenants, *(BY_ITSELF | FOR_TENANTS)[what])


def test_a_profile_of_system_calls_is_in_force(podman: Podman, tmp_path) -> None:
    refused = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [refused]}
    (tmp_path / "profile").write_text(json.dumps(profile))
    said = podman.run(f"--security-opt=seccomp={tmp_path}/profile", "box", "mkdir", "/tmp/x")
    assert "Cannot assign requested address" in said.stderr


def test_directories_of_the_host_are_shown_as_they_are_to_be(podman, tmp_path) -> None:
    (tmp_path / "file").write_text("text")
    script = "cat /v/file; touch /v/new 2>/dev/null; echo $?; grep -c ' /v .*noexec' /proc/mounts"
    said = podman.run("-v", f"{tmp_path}:/v:ro,noexec,rslave", "box", "sh", "-c", script)
    assert said.stdout == "text1\n1\n"


@pytest.mark.parametrize(("option", "said"), [("copy", "passwd\n"), ("nocopy", "")])
def test_a_volume_begins_with_what_it_hides_unless_told_otherwise(podman, option, said) -> None:
    shown = podman.run("-v", f"with-{option}:/etc:{option}", "box", "ls", "/etc")
    assert (shown.returncode, "passwd\n" if "passwd" in shown.stdout else "") == (0, said)
    assert podman("volume", "rm", f"with-{option}").returncode == 0
