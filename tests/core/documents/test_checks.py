"""A specification that makes no sense is refused, by the path of its fault."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from cloche.defaults import linux_process, linux_spec, windows_process, windows_spec
from cloche.documents import check, check_process, read
from cloche.errors import InvalidSpec
from cloche.spec import Process, Root, Scheduler, Spec

GOOD = linux_spec(linux_process(("true",)), root=Root(path="/image"), hostname="box")


@pytest.mark.parametrize(
    "spec",
    [
        GOOD,
        windows_spec(windows_process(("cmd",)), ("C:\\layer",), root=Root(path="C:\\")),
        windows_spec(windows_process(command_line="cmd /c ver"), ("C:\\layer",)),
    ],
    ids=["linux", "windows", "command line"],
)
def test_the_default_containers_make_sense(spec: Spec) -> None:
    assert check(spec) is None


def linux(**section: Any) -> Spec:
    namespaces = [{"type": kind} for kind in ("uts", "network", "ipc", "mount", "pid")]
    return read(Spec, {"ociVersion": "1.3.0", "linux": {"namespaces": namespaces, **section}})


RESOURCES = "linux.resources"
ID = {"containerID": 0, "hostID": 1000, "size": 10}


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ({"namespaces": [{"type": "pid"}, {"type": "pid"}]}, "linux.namespaces[1].type"),
        ({"namespaces": [{"type": "pids"}]}, "linux.namespaces[0].type"),
        ({"namespaces": [{"type": "pid", "path": "ns"}]}, "linux.namespaces[0].path"),
        ({"uidMappings": [ID]}, "linux.uidMappings"),
        ({"uidMappings": [{**ID, "size": 0}]}, "linux.uidMappings[0].size"),
        ({"gidMappings": [{**ID, "size": 2**32 - 1}]}, "linux.gidMappings[0].size"),
        ({"gidMappings": [ID, {**ID, "containerID": 9, "hostID": 5}]}, "linux.gidMappings"),
        ({"sysctl": {"kernel.panic": "1"}}, 'linux.sysctl["kernel.panic"]'),
        ({"sysctl": {"vm/swappiness": "1"}}, 'linux.sysctl["vm/swappiness"]'),
        ({"sysctl": {"user.max_pid_namespaces": "1"}}, 'linux.sysctl["user.max_pid_namespaces"]'),
        ({"devices": [{"path": "/dev/x", "type": "x"}]}, "linux.devices[0].type"),
        ({"devices": [{"path": "/dev/x", "type": "c"}]}, "linux.devices[0].major"),
        ({"devices": [{"path": "dev/x", "type": "p"}]}, "linux.devices[0].path"),
        ({"maskedPaths": ["/a", "b"]}, "linux.maskedPaths[1]"),
        ({"readonlyPaths": ["/a\0"]}, "linux.readonlyPaths[0]"),
        ({"rootfsPropagation": "public"}, "linux.rootfsPropagation"),
        ({"timeOffsets": {"boottime": {"secs": 1}}}, "linux.timeOffsets.boottime"),
        ({"timeOffsets": {"realtime": {"secs": 1}}}, "linux.timeOffsets.realtime"),
        ({"netDevices": {"eth0": {"name": "a/b"}}}, 'linux.netDevices["eth0"]'),
        ({"netDevices": {"abcdefghijklmnop": {}}}, 'linux.netDevices["abcdefghijklmnop"]'),
        ({"personality": {"domain": "BSD"}}, "linux.personality.domain"),
        ({"memoryPolicy": {"mode": "BIND"}}, "linux.memoryPolicy.mode"),
        ({"resources": {"memory": {"limit": -2}}}, f"{RESOURCES}.memory.limit"),
        ({"resources": {"memory": {"limit": 9, "swap": 8}}}, f"{RESOURCES}.memory.swap"),
        ({"resources": {"memory": {"swappiness": 101}}}, f"{RESOURCES}.memory.swappiness"),
        ({"resources": {"blockIO": {"weight": 5}}}, f"{RESOURCES}.blockIO.weight"),
        (
            {"resources": {"hugepageLimits": [{"pageSize": "2M", "limit": 1}]}},
            f"{RESOURCES}.hugepageLimits[0].pageSize",
        ),
        (
            {"resources": {"hugepageLimits": [{"pageSize": "2MB", "limit": n} for n in (1, 2)]}},
            f"{RESOURCES}.hugepageLimits[1].pageSize",
        ),
        (
            {"resources": {"devices": [{"allow": True, "access": "rx"}]}},
            f"{RESOURCES}.devices[0].access",
        ),
        (
            {"resources": {"unified": {"../memory.max": "1"}}},
            f'{RESOURCES}.unified["../memory.max"]',
        ),
    ],
)
def test_a_linux_section_that_makes_no_sense_is_refused(section: dict[str, Any], path: str) -> None:
    check(linux())
    with pytest.raises(InvalidSpec) as caught:
        check(linux(**section))
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: ")


def test_what_would_change_the_host_needs_a_namespace() -> None:
    shared = GOOD.linux.replace(namespaces=()) if GOOD.linux else None
    with pytest.raises(InvalidSpec, match="needs a uts namespace") as caught:
        check(GOOD.replace(linux=shared))
    assert caught.value.path == "hostname"
    check(linux(sysctl={"net.ipv4.ip_forward": "1", "kernel.shmmax": "1"}))
    with pytest.raises(InvalidSpec, match="needs a network namespace"):
        check(linux(sysctl={"net.ipv4.ip_forward": "1"}, namespaces=[]))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"args": ()}, "process.args"),
        ({"args": None}, "process.args"),
        ({"args": ("",)}, "process.args[0]"),
        ({"args": ("sh", "a\0b")}, "process.args[1]"),
        ({"cwd": "work"}, "process.cwd"),
        ({"cwd": ""}, "process.cwd"),
        ({"env": ("PATH=/bin", "HOME")}, "process.env[1]"),
        ({"env": ("=x",)}, "process.env[0]"),
        ({"oom_score_adj": 1001}, "process.oomScoreAdj"),
    ],
)
def test_a_process_that_makes_no_sense_is_refused(change: dict[str, Any], path: str) -> None:
    process = GOOD.process
    assert process is not None
    with pytest.raises(InvalidSpec) as caught:
        check(GOOD.replace(process=process.replace(**change)))
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("times", "fault"),
    [
        ({"deadline": 2000}, "runtime: sched_setattr: `SCHED_DEADLINE` requires `runtime`"),
        ({"runtime": 2000}, "deadline: sched_setattr: `SCHED_DEADLINE` requires `deadline`"),
        ({"runtime": 0, "deadline": 2000}, "runtime: *runtime must be greater than 0"),
        ({"runtime": 9000, "deadline": 8000}, "runtime: *(9000) must be <= deadline (8000)"),
        (
            {"runtime": 2000, "deadline": 9000, "period": 8000},
            "deadline: *(9000) must be <= period (8000)",
        ),
        ({"runtime": 1023, "deadline": 2000}, "runtime: *(1023) must be between 1024 and *"),
        ({"runtime": 2000, "deadline": 2**63}, "deadline: *must be between 1024 and *"),
    ],
)
def test_a_deadline_that_none_can_be_kept_to_is_refused(times: dict[str, int], fault: str) -> None:
    process = GOOD.process
    assert process is not None
    possible = Scheduler(policy="SCHED_DEADLINE", runtime=2000, deadline=3000, period=0)
    check(GOOD.replace(process=process.replace(scheduler=possible)))
    wrong = Scheduler(policy="SCHED_DEADLINE", **times)
    with pytest.raises(InvalidSpec) as caught:
        check(GOOD.replace(process=process.replace(scheduler=wrong)))
    assert fnmatchcase(str(caught.value), f"process.scheduler.{fault}")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (
            {"rlimits": [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]},
            "exec.rlimits[0].soft",
        ),
        (
            {"rlimits": [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}] * 2},
            "exec.rlimits[1].type",
        ),
        ({"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8}}, "exec.ioPriority.priority"),
        ({"ioPriority": {"class": "BE", "priority": 1}}, "exec.ioPriority.class"),
        ({"scheduler": {"policy": "SCHED_BEST"}}, "exec.scheduler.policy"),
    ],
)
def test_a_process_alone_is_checked_under_the_name_it_is_given(
    change: dict[str, Any], path: str
) -> None:
    good = {"cwd": "/", "args": ["true"]}
    check_process(read(Process, good))
    with pytest.raises(InvalidSpec) as caught:
        check_process(read(Process, {**good, **change}), path="exec")
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("change", "path"),
    [
        *[
            ({"ociVersion": wrong}, "ociVersion")
            for wrong in ("2.0.0", "1.0", "1.0.00", "1.0.0-a_b")
        ],
        ({"root": {"path": ""}}, "root.path"),
        ({"mounts": [{"destination": ""}]}, "mounts[0].destination"),
        ({"mounts": [{"destination": "/", "uidMappings": [ID]}]}, "mounts[0].uidMappings"),
        ({"hooks": {"prestart": [{"path": "bin/x"}]}}, "hooks.prestart[0].path"),
        (
            {"hooks": {"createRuntime": [{"path": "/x", "timeout": 0}]}},
            "hooks.createRuntime[0].timeout",
        ),
        ({"annotations": {"": "x"}}, "annotations"),
        ({"windows": {"layerFolders": []}}, "windows.layerFolders"),
    ],
)
def test_what_belongs_to_no_platform_is_checked_too(change: dict[str, Any], path: str) -> None:
    check(read(Spec, {"ociVersion": "1.3.0"}))
    with pytest.raises(InvalidSpec) as caught:
        check(read(Spec, {"ociVersion": "1.3.0", **change}))
    assert caught.value.path == path
