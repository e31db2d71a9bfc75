"""What a runtime says it can do: it is so, and it is said in the specification's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .changes import Change, every, linux, mounted, placed, process, top
from .test_required import ARGUMENT, filtered

TOP = {
    "ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations",
    "potentiallyUnsafeConfigAnnotations",
}  # fmt: skip
LINUX: dict[str, set[str]] = {
    "cgroup": {"v1", "v2", "systemd", "systemdUser", "rdma"},
    "seccomp": {"enabled", "actions", "operators", "archs", "knownFlags", "supportedFlags"},
    "apparmor": {"enabled"},
    "selinux": {"enabled"},
    "memoryPolicy": {"modes", "flags"},
    "intelRdt": {"enabled", "schemata", "monitoring"},
    "mountExtensions": {"idmap"},
    "netDevices": {"enabled"},
}
#: Options that need another mount, or a user namespace, around them.
NOT_ALONE = {"remount", "idmap", "ridmap", "bind", "rbind", "mand", "nomand", "tmpcopyup"}
NOT_ALONE |= {"copy-symlink", "src-nofollow", "dest-nofollow"}


@pytest.fixture
def told(runtime) -> dict[str, Any]:
    said = runtime("features")
    if said.code != 0:
        pytest.skip("a runtime may have no features to tell")
    return json.loads(said.out)


def refused(runtime, changes: dict[str, Change]) -> list[str]:
    return [name for name, change in changes.items() if not runtime.accepts(change)]


def test_versions_that_are_told_are_accepted_and_in_order(runtime, told) -> None:
    lowest, highest = told["ociVersionMin"], told["ociVersionMax"]
    assert refused(runtime, {each: placed("ociVersion", each) for each in (lowest, highest)}) == []
    assert _number(lowest) <= _number(highest)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in version.partition("-")[0].split("."))


def test_nothing_is_told_that_the_specification_does_not_name(told) -> None:
    assert set(told) - TOP == set()
    section = told["linux"]
    assert set(section) - {"namespaces", "capabilities", *LINUX} == set()
    for name, known in LINUX.items():
        assert set(section.get(name) or {}) - known == set(), name


def test_what_is_not_known_is_absent_or_null_and_not_empty(told) -> None:
    lists = (told["hooks"], told["mountOptions"], told["linux"]["namespaces"],
             told["linux"]["capabilities"])  # fmt: skip
    assert all(each is None or len(each) for each in lists)


def test_annotations_are_texts_by_names(told) -> None:
    for name, value in (told.get("annotations") or {}).items():
        assert (type(name), type(value), bool(name)) == (str, str, True)


def test_hooks_that_are_told_are_run(runtime, told, tmp_path) -> None:
    (tmp_path / "notes").mkdir()
    script = f"echo x > {tmp_path}/notes/"
    shared = mounted({"destination": str(tmp_path / "notes"), "type": "none", "options": ["bind"],
                      "source": str(tmp_path / "notes")})  # fmt: skip
    hooks = {
        kind: [{"path": "/bin/sh", "args": ["sh", "-c", script + kind]}] for kind in told["hooks"]
    }
    assert runtime.run("true", change=every(shared, top(hooks=hooks))).code == 0
    ran = {each.name for each in (tmp_path / "notes").iterdir()}
    assert ran == set(told["hooks"])


def test_mount_options_that_are_told_are_known(runtime, told) -> None:
    scratch = {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}
    alone = [name for name in told["mountOptions"] if name not in NOT_ALONE]
    mounts = [{**scratch, "destination": f"/tmp/{name}", "options": [name]} for name in alone]
    assert runtime.accepts(mounted(scratch, *mounts))


def test_namespaces_that_are_told_are_made(runtime, told) -> None:
    def change(config) -> None:
        mapping = [{"containerID": 0, "hostID": 0, "size": 1000}]
        config["linux"]["namespaces"] = [{"type": kind} for kind in told["linux"]["namespaces"]]
        config["linux"].update(uidMappings=mapping, gidMappings=mapping)

    assert runtime.accepts(change)


def test_capabilities_that_are_told_are_known(runtime, told) -> None:
    """Each is given, or it is one that this machine has not to give."""
    names = told["linux"]["capabilities"]
    sets = dict.fromkeys(("bounding", "effective", "permitted"), names)
    said = runtime.run("true", change=process(capabilities=sets))
    assert "no such capability" not in said.err
    assert "unknown" not in said.err.lower()
    assert said.code == 0 or "not permitted" in said.err


def test_words_of_filters_that_are_told_are_known(runtime, told) -> None:
    words = told["linux"]["seccomp"]
    plain = [each for each in words["actions"] if each != "SCMP_ACT_NOTIFY"]
    changes = {
        **{name: filtered(action=name) for name in plain},
        **{
            name: filtered(args=[{**ARGUMENT, "valueTwo": 1, "op": name}])
            for name in words["operators"]
        },
        "archs": linux(
            seccomp={"defaultAction": "SCMP_ACT_ALLOW", "architectures": words["archs"]}
        ),
        "flags": linux(
            seccomp={
                "defaultAction": "SCMP_ACT_ALLOW",
                "flags": [
                    each for each in words.get("supportedFlags") or ()
                    if each != "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
                ],
            }
        ),
    }  # fmt: skip
    assert refused(runtime, changes) == []


def test_whoever_takes_ids_of_mounts_says_so(runtime, told) -> None:
    idmap = (told["linux"].get("mountExtensions") or {}).get("idmap") or {}
    mapping = [{"containerID": 0, "hostID": 0, "size": 65536}]
    mount = {"destination": "/tmp", "type": "none", "source": "/usr", "options": ["bind", "idmap"],
             "uidMappings": mapping, "gidMappings": mapping}  # fmt: skip
    said = runtime("create", "--bundle", runtime.bundle("true", change=mounted(mount)), "box")
    assert idmap.get("enabled") or said.code != 0


def test_words_of_memory_policies_that_are_told_are_known(runtime, told) -> None:
    """A kernel may lack some of them; to be told that there is no such word is another error."""
    words = told["linux"].get("memoryPolicy") or {}
    needless = ("MPOL_DEFAULT", "MPOL_LOCAL")
    for mode in words.get("modes") or ():
        nodes = {} if mode in needless else {"nodes": "0"}
        said = runtime.run("true", change=linux(memoryPolicy={"mode": mode, **nodes}))
        assert said.code == 0 or "none of" not in said.err, (mode, said.err)
    for flag in words.get("flags") or ():
        policy = {"mode": "MPOL_BIND", "nodes": "0", "flags": [flag]}
        said = runtime.run("true", change=linux(memoryPolicy=policy))
        assert said.code == 0 or "none of" not in said.err, (flag, said.err)
