"""Values that are none: an error each; and what is unknown, which is none."""

from __future__ import annotations

from typing import Any

import pytest

from .changes import Change, bound, every, linux, mounted, placed, process, top
from .test_required import ARGUMENT, BLOCK, filtered, resources


def hook(kind: str, **values: object) -> Change:
    return top(hooks={kind: [{"path": "/bin/true", "args": ["true"], **values}]})


#: Invalid whatever the machine, by what is wrong.
INVALID: dict[str, Change] = {
    "a type": placed("process.user.uid", "0"),
    "a negative id": placed("process.user.uid", -1),
    "a huge id": placed("process.user.gid", 1 << 40),
    "null": placed("process.cwd", None),
    "a mapping of a list": placed("mounts", {}),
    "a namespace": placed("linux.namespaces[0].type", "space"),
    "a device's type": linux(devices=[{"path": "/d", "type": "q", "major": 1, "minor": 3}]),
    "a rule's type": resources(devices=[{"allow": True, "type": "q", "access": "r"}]),
    "a rule's access": resources(devices=[{"allow": True, "type": "c", "access": "x"}]),
    "a propagation": linux(rootfsPropagation="wide"),
    "a domain": linux(personality={"domain": "UNIX"}),
    "a domain's flag": linux(personality={"domain": "LINUX", "flags": ["X"]}),
    "a policy": process(scheduler={"policy": "SCHED_NEVER"}),
    "a class": process(ioPriority={"class": "IOPRIO_CLASS_NO", "priority": 1}),
    "a priority": process(ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 8}),
    "a score": process(oomScoreAdj=2000),
    "a filter's action": linux(seccomp={"defaultAction": "SCMP_ACT_NO"}),
    "a rule's action": filtered(action="SCMP_ACT_NO"),
    "an operator": filtered(args=[{**ARGUMENT, "op": "SCMP_CMP_NO"}]),
    "an architecture": linux(
        seccomp={"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_NO"]}
    ),
    "a filter's flag": linux(seccomp={"defaultAction": "SCMP_ACT_ALLOW", "flags": ["NO"]}),
    "a memory policy": linux(memoryPolicy={"mode": "MPOL_NO"}),
    "a clock": every(
        linux(timeOffsets={"wall": {"secs": 1}}),
        lambda config: config["linux"]["namespaces"].append({"type": "time"}),
    ),
    "a parameter of the machine": linux(sysctl={"kernel.panic": "1"}),
    "a list of processors": resources(cpu={"cpus": "x"}),
    "a page size": resources(hugepageLimits=[{"pageSize": "2XB", "limit": 1}]),
}


def accepted(runtime, changes: dict[str, Change]) -> list[str]:
    return [name for name, change in changes.items() if runtime.accepts(change)]


def test_values_that_are_none_are_errors(runtime) -> None:
    assert accepted(runtime, INVALID) == []


def test_a_version_is_written_as_versions_are(runtime) -> None:
    wrong = ("", "1", "1.0", "1.x.0", "v1.0.2", "1.0.2.3", "01.0.0", "latest")
    assert accepted(runtime, {text: placed("ociVersion", text) for text in wrong}) == []


def test_versions_of_the_same_kind_are_good_ones(runtime) -> None:
    right = ("1.0.0", "1.0.2-dev", "1.2.0-rc.1+b2")
    changes = {text: placed("ociVersion", text) for text in right}
    assert accepted(runtime, changes) == list(changes)


def test_the_root_is_a_directory_that_is_there(runtime) -> None:
    wrong = {path: placed("root.path", path) for path in ("no/such", "/etc/passwd")}
    assert accepted(runtime, wrong) == []


def test_the_working_directory_is_absolute(runtime) -> None:
    assert accepted(runtime, {"relative": process(cwd="tmp"), "empty": process(cwd="")}) == []


def test_there_is_at_least_the_program(runtime) -> None:
    assert accepted(runtime, {"none": process(args=[])}) == []


def test_a_limit_has_a_name_that_the_kernel_knows(runtime) -> None:
    limit = {"type": "RLIMIT_NO", "soft": 1, "hard": 1}
    assert accepted(runtime, {"name": process(rlimits=[limit])}) == []


def test_no_limit_is_given_twice(runtime) -> None:
    limit = {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}
    assert accepted(runtime, {"twice": process(rlimits=[limit, limit])}) == []


def test_no_namespace_is_given_twice(runtime) -> None:
    twice = lambda config: config["linux"]["namespaces"].append({"type": "pid"})  # noqa: E731
    assert accepted(runtime, {"twice": twice}) == []


def test_a_namespaces_path_is_absolute(runtime) -> None:
    assert (
        accepted(runtime, {"relative": placed("linux.namespaces[1].path", "proc/1/ns/net")}) == []
    )


@pytest.mark.parametrize("name", ["maskedPaths", "readonlyPaths"])
def test_hidden_paths_are_absolute(runtime, name: str) -> None:
    assert accepted(runtime, {"relative": linux(**{name: ["proc/keys"]})}) == []


def test_ids_of_a_mount_are_mapped_for_users_and_groups(runtime, tmp_path) -> None:
    mapping = [{"containerID": 0, "hostID": 0, "size": 1}]
    changes = {
        name: mounted(bound(tmp_path, "/tmp", "bind", "idmap", **{name: mapping}))
        for name in ("uidMappings", "gidMappings")
    }
    assert accepted(runtime, changes) == []


def test_annotations_are_texts_by_names_that_are_not_empty(runtime) -> None:
    wrong: dict[str, Any] = {
        "list": ["a"], "empty name": {"": "a"}, "number": {"a": 1}, "map": {"a": {"b": "c"}},
    }  # fmt: skip
    assert accepted(runtime, {name: top(annotations=each) for name, each in wrong.items()}) == []
    assert runtime.accepts(top(annotations={"a": ""}))


def test_annotations_that_nobody_knows_are_ignored(runtime) -> None:
    assert runtime.accepts(top(annotations={"org.example.unknown": "1", "x" * 300: "y"}))


def test_properties_that_nobody_knows_are_ignored(runtime) -> None:
    """At the top, in each kind of object, and in a section for another platform."""
    places = {
        path: placed(f"{path}unknown" if not path else f"{path}.unknown", {"a": [1]})
        for path in ("", "root", "process", "process.user", "linux", "mounts[0]",
                     "linux.namespaces[0]")
    }  # fmt: skip
    assert accepted(runtime, places) == list(places)


def test_the_size_of_a_terminal_that_there_is_not_is_ignored(runtime) -> None:
    assert runtime.accepts(process(consoleSize={"height": 7, "width": 9}, terminal=False))
    assert runtime.accepts(process(consoleSize={"height": 7, "width": 9}))


def test_a_device_has_a_weight_of_one_kind_at_least(runtime) -> None:
    change = resources(blockIO={"weightDevice": [BLOCK]})
    assert accepted(runtime, {"none": change}) == []


def test_an_rdma_device_has_a_limit_of_one_kind_at_least(runtime) -> None:
    assert accepted(runtime, {"none": resources(rdma={"mlx5_1": {}})}) == []


def test_a_burst_is_no_larger_than_the_quota(runtime) -> None:
    change = resources(cpu={"period": 100000, "quota": 20000, "burst": 30000})
    assert accepted(runtime, {"larger": change}) == []


def test_a_filters_rule_names_system_calls(runtime) -> None:
    assert accepted(runtime, {"none": filtered(names=[])}) == []


def test_only_actions_with_a_number_have_one(runtime) -> None:
    whole = {"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 5}
    changes = {
        "rule": filtered(action="SCMP_ACT_KILL", errnoRet=5),
        "default": linux(seccomp=whole),
    }
    assert accepted(runtime, changes) == []


def test_words_for_a_listener_need_one(runtime) -> None:
    seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "x"}
    assert accepted(runtime, {"alone": linux(seccomp=seccomp)}) == []


def test_schemata_are_lines_of_their_kind(runtime) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "kind": {"memBwSchema": "L3:0=1"},
        "two lines": {"memBwSchema": "MB:0=1\nMB:1=1"},
        "two lines in one": {"schemata": ["L3:0=1\nL3:1=1"]},
    }
    assert accepted(runtime, {name: linux(intelRdt=each) for name, each in wrong.items()}) == []
