"""What a message offers as a way out is one that this program has."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from callers.tenant import NOBODY, interpreter, python_path
from tests.cli.oci.conftest import document

from cloche_cli.oci.program import COMMANDS, GLOBAL

HUGE = 1 << 62
FLAGS = {flag.name for command in COMMANDS.values() for flag in command.flags} | {
    flag.name for flag in GLOBAL
}


def check_hint(said: str) -> str:
    """The hint after an error, if there is one; all flags in it are ours."""
    assert said.startswith("cloche: "), said
    _, _, hint = said.partition("\nhint: ")
    assert set(re.findall(r"--([a-z-]+)", hint)) <= FLAGS, said
    return hint.strip()


def without_mapping(config) -> None:
    mapping = [{"containerID": 0, "hostID": 0, "size": 10}]
    config["linux"]["namespaces"].append({"type": "user"})
    config["linux"].update(uidMappings=mapping, gidMappings=mapping)


def with_group(config) -> None:
    without_mapping(config)
    config["process"]["user"]["additionalGids"] = [70000]


def with_user(config) -> None:
    without_mapping(config)
    config["process"]["user"]["uid"] = 70000


@pytest.mark.parametrize(
    ("change", "place", "hint"),
    [
        (with_group, "process.user.additionalGids: gid 70000", "map it in linux.gidMappings"),
        (with_user, "user: uid 70000", "map it in linux.uidMappings"),
    ],
)
def test_ids_that_are_not_mapped(oci, change, place, hint) -> None:
    said = oci.run("true", change=change)
    assert said.err.startswith(f"cloche: {place}"), said.err
    assert check_hint(said.err) == hint


@pytest.mark.parametrize(
    "resources",
    [
        {"unified": {"absent.max": "1"}},
        {"hugepageLimits": [{"pageSize": "3MB", "limit": 0}]},
        {"memory": {"limit": HUGE, "swap": 1}},
        {"network": {"priorities": [{"name": "nosuch0", "priority": 1}]}},
    ],
    ids=lambda resources: next(iter(resources)),
)
def test_limits_that_can_not_be_had_or_changed(oci, resources) -> None:
    def limited(config) -> None:
        config["linux"]["resources"] = resources

    said = oci.run("true", change=limited)
    assert said.code != 0
    check_hint(said.err)
    oci.create("sleep", "600")
    said = oci("update", "-r", "-", "box", input=json.dumps(resources))
    assert said.code != 0
    assert check_hint(said.err) != "run as root"


def test_limits_of_a_user_without_control_groups(oci) -> None:
    python = interpreter()
    if python is None:
        pytest.skip("no Python that a normal user may start")
    place = Path(tempfile.mkdtemp(prefix="cloche-hints-"))
    try:
        (place / "root").mkdir()
        (place / "config.json").write_text(json.dumps(_nobodys(place / "root")))
        subprocess.run(["chown", "-R", str(NOBODY), place], check=True)
        said = subprocess.run(
            [python, "-m", "cloche_cli.oci", "--root", f"{place}/state", "run", "-b", place, "box"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": python_path()}, cwd="/",
            user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True, timeout=60,
        ).stderr  # fmt: skip
    finally:
        shutil.rmtree(place)
    assert said.startswith("cloche: linux.resources.memory.limit: user nobody has no "), said
    assert check_hint(said) == "run as root"


def _nobodys(root: Path) -> dict[str, Any]:
    config = document(root, "true")
    mapping = [{"containerID": 0, "hostID": NOBODY, "size": 1}]
    config["linux"]["namespaces"].append({"type": "user"})
    config["linux"].update(uidMappings=mapping, gidMappings=mapping)
    config["linux"]["resources"] = {"memory": {"limit": 64 << 20}}
    return config
