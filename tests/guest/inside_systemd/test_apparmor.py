"""A container under a profile of AppArmor's, on a kernel that has it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .bundles import bundle, create, document, map_users, oci, restrict
from .test_oci import until_stopped

LOOK = "exec >/tmp/said 2>&1; cat /proc/self/attr/current; cat /secret || true"
PROFILE = """
profile guarded flags=(attach_disconnected) {
  file, capability, network, signal, ptrace, mount, unix,
  deny /secret r,
}
"""
GUARDED = ["guarded (enforce)", "cat: can't open '/secret': Permission denied"]
FREE = ["unconfined", "told"]


@pytest.fixture(scope="module", autouse=True)
def loaded():
    """Loads the profile, and takes it away afterwards."""
    _parse("--replace")
    yield
    _parse("--remove")


def _parse(action: str) -> None:
    subprocess.run(
        ["/sbin/apparmor_parser", "--skip-cache", action], input=PROFILE, text=True, check=True
    )


def guarded(place: str, profile: str | None, script: str) -> dict[str, Any]:
    """A configuration whose root has a file that the profile denies."""
    config = document(place, script)
    root = Path(place, "rootfs")
    (root / "secret").write_text("told\n")
    if not (root / "bin/cat").exists():
        (root / "bin/cat").symlink_to("busybox")
    process: Any = config["process"]
    process["env"] = ["PATH=/bin"]
    if profile is not None:
        process["apparmorProfile"] = profile
    return config


def said(place: str) -> list[str]:
    return Path(place, "rootfs/tmp/said").read_text().splitlines()


@pytest.mark.parametrize(
    ("profile", "wanted"),
    [("guarded", GUARDED), ("unconfined", FREE), (None, FREE)],
    ids=["guarded", "unconfined", "none"],
)
def test_the_profile_holds_the_program(place, profile, wanted):
    create(place, guarded(place, profile, LOOK), manager="cgroupfs")
    assert oci(place, "start", "one", manager="cgroupfs") == ""
    until_stopped(place)
    assert said(place) == wanted


@pytest.mark.parametrize(("profile", "wanted"), [("guarded", GUARDED), (None, FREE)])
def test_a_further_process_has_a_profile_of_its_own(place, profile, wanted):
    create(place, guarded(place, None, "sleep 1000"), manager="cgroupfs")
    assert oci(place, "start", "one", manager="cgroupfs") == ""
    further = Path(place, "process.json")
    further.write_text(json.dumps(guarded(place, profile, LOOK)["process"]))
    oci(place, "exec", "--process", str(further), "one", manager="cgroupfs")
    assert said(place) == wanted


@pytest.mark.parametrize("change", [restrict, map_users])
def test_it_holds_whatever_privileges_the_program_has(place, change):
    config = guarded(place, "guarded", LOOK)
    change(config)
    create(place, config, manager="cgroupfs")
    assert oci(place, "start", "one", manager="cgroupfs") == ""
    until_stopped(place)
    assert said(place) == GUARDED


def test_a_further_process_under_a_profile_that_is_not_loaded_does_not_run(place):
    create(place, guarded(place, None, "sleep 1000"), manager="cgroupfs")
    assert oci(place, "start", "one", manager="cgroupfs") == ""
    further = Path(place, "process.json")
    further.write_text(json.dumps(guarded(place, "nosuch", LOOK)["process"]))
    told = oci(place, "exec", "--process", str(further), "one", manager="cgroupfs")
    assert told.startswith("process.apparmorProfile: label "), told
    assert not Path(place, "rootfs/tmp/said").exists()


def test_a_profile_that_is_not_loaded_is_told_by_its_path_and_nothing_is_left(place):
    made = bundle(place, guarded(place, "nosuch", LOOK))
    told = oci(place, "create", "--bundle", made, "one", manager="cgroupfs")
    assert told.startswith("process.apparmorProfile: label "), told
    assert "(ENOENT)" in told
    assert not [*Path(place).glob("state/*")]
