"""Configurations that others broke: the fault is named by its path, and nothing is made."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import document
from .copies import run_in_copy

WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.just("\0"),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({"x": {}}),
)
GIVEN_UP = "cloche: exec: "


def whole(root: Path) -> dict[str, Any]:
    """A valid configuration with something of everything."""
    config = document(root, "true")
    config["annotations"] = {"a": "b"}
    config["hooks"] = {"poststop": [{"path": "/bin/true", "timeout": 1}]}
    config["process"].update(
        capabilities={"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"]},
        rlimits=[{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}],
        noNewPrivileges=True,
        oomScoreAdj=100,
        scheduler={"policy": "SCHED_OTHER", "nice": 1},
        ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 4},
    )
    config["linux"].update(
        maskedPaths=["/proc/keys"],
        readonlyPaths=["/proc/sys"],
        sysctl={"net.ipv4.ip_forward": "1"},
        resources={"pids": {"limit": 50}, "devices": [{"allow": False, "access": "rwm"}]},
        devices=[{"path": "/dev/x", "type": "c", "major": 1, "minor": 3}],
        seccomp={"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{
            "names": ["sync"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1,
            "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}],
        }]},
    )  # fmt: skip
    return config


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [path] if path else []
    keys = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, each in keys:
        found += places(each, (*path, key))
    return found


def broken(config: dict[str, Any], path: tuple[Any, ...], wrong: object) -> dict[str, Any]:
    changed = copy.deepcopy(config)
    at: Any = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = wrong
    return changed


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_broken_configuration_is_never_a_traceback(data, busybox, tmp_path) -> None:
    if os.geteuid() != 0:
        pytest.skip("bundles with ids of this machine need root")
    config = whole(busybox)
    path = data.draw(st.sampled_from(places(config)))
    changed = broken(config, path, data.draw(WRONG))
    (tmp_path / "config.json").write_text(json.dumps(changed))
    state = tmp_path / "state"
    root = ("--root", str(state))
    code, told = run_in_copy([*root, "create", "-b", str(tmp_path), "box"])
    if code == 0:
        assert run_in_copy([*root, "delete", "-f", "box"]) == (0, "")
    else:
        assert told.startswith("cloche: ")
        assert "Traceback" not in told
        assert "Error: " not in told.splitlines()[0], told
    assert list(state.glob("*")) == []


def test_the_configuration_that_is_broken_is_a_valid_one(oci) -> None:
    """The control: it runs."""
    said = oci.run("true", change=lambda c: c["linux"].update(whole(oci.busybox)["linux"]))
    assert (said.code, said.err) == (0, "")


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("process", "args"), [1]),
        (("process", "rlimits", 0, "soft"), "x"),
        (("linux", "devices", 0, "type"), "q"),
        (("linux", "seccomp", "syscalls", 0, "args", 0, "op"), 7),
        (("mounts", 1, "destination"), None),
        (("hooks", "poststop", 0, "timeout"), []),
        (("process", "user", "uid"), -1),
    ],
)
def test_the_fault_is_named_by_its_path(oci, path, wrong) -> None:
    bundle = Path(oci.bundle("true"))
    (bundle / "config.json").write_text(json.dumps(broken(whole(oci.busybox), path, wrong)))
    said = oci("create", "-b", str(bundle), "box")
    words = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    assert said.code == 1
    assert said.err.startswith(f"cloche: {words[1:]}"), said.err
    assert not oci.state.exists()
