"""The state of a container, as `state` tells it."""

from __future__ import annotations

import json
import os
import re

import pytest

SEMVER = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
STATUSES = ("creating", "created", "running", "stopped")


def state(runtime) -> dict:
    said = runtime("state", "box")
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_the_state_has_all_that_it_must_have_at_every_moment(runtime) -> None:
    annotations = {"org.example.a": "b"}
    pid = runtime.create("sleep", "600", change=lambda c: c.update(annotations=annotations))
    told = [state(runtime)]
    assert runtime("start", "box").code == 0
    told.append(state(runtime))
    assert runtime("kill", "box", "KILL").code == 0
    runtime.until("stopped")
    told.append(state(runtime))
    assert [each["status"] for each in told] == ["created", "running", "stopped"]
    assert [each["pid"] for each in told[:2]] == [pid, pid]
    for each in told:
        assert each["id"] == "box"
        assert SEMVER.fullmatch(each["ociVersion"])
        assert each["bundle"] == str(runtime.place / "bundle-0")
        assert each["annotations"] == annotations


def test_the_state_fits_its_schema(runtime) -> None:
    runtime.create("sleep", "600")
    told = state(runtime)
    assert {"ociVersion", "id", "status", "bundle"} <= set(told)
    strings = (told["ociVersion"], told["id"], told["status"], told["bundle"])
    assert all(type(each) is str for each in strings)
    assert type(told["pid"]) is int
    assert told["pid"] >= 0
    assert told["status"] in STATUSES
    annotations = told.get("annotations") or {}
    assert all(type(each) is str for pair in annotations.items() for each in pair)


def test_the_bundle_is_told_by_its_absolute_path(runtime) -> None:
    bundle = runtime.bundle("sleep", "600")
    relative = os.path.relpath(bundle, "/")
    words = ["sh", "-c", 'cd / && exec "$@"', "sh", *runtime.program]
    runtime.program = [*words]
    assert runtime("create", "--bundle", relative, "box").code == 0
    assert state(runtime)["bundle"] == bundle


def test_a_further_status_stands_for_a_further_state(runtime) -> None:
    runtime.create("sleep", "600")
    assert runtime("start", "box").code == 0
    assert runtime("pause", "box").code == 0
    assert state(runtime)["status"] not in STATUSES
    assert runtime("resume", "box").code == 0
    assert state(runtime)["status"] == "running"


@pytest.mark.parametrize("id", ["", "a/b", "../box", "a b"])
def test_an_id_that_is_none_makes_nothing(runtime, id: str) -> None:
    said = runtime("create", "--bundle", runtime.bundle("sleep", "600"), id)
    assert said.code != 0
    assert [*runtime.place.glob("**/config.json")] == [runtime.place / "bundle-0/config.json"]
    assert json.loads(runtime("list", "--format", "json").out or "null") in (None, [])


def test_an_id_is_one_containers_alone(runtime) -> None:
    pid = runtime.create("sleep", "600")
    said = runtime("create", "--bundle", runtime.bundle("sleep", "600"), "box")
    assert said.code != 0
    assert (state(runtime)["pid"], state(runtime)["bundle"]) == (
        pid, str(runtime.place / "bundle-0")
    )  # fmt: skip
    assert state(runtime)["status"] == "created"
