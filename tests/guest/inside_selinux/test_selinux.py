"""Labels of SELinux's, on a kernel that enforces a policy (``selinux.py``)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.guest.inside_systemd.bundles import (
    BUSYBOX,
    bundle,
    create,
    document,
    map_users,
    oci,
    restrict,
    root_directory,
)
from tests.guest.inside_systemd.test_oci import until_stopped

import cloche

#: With a comma, which would end an option of mount(8).
LABEL = "system_u:system_r:box_t:s0:c1,c2"
FILES = "system_u:object_r:box_file_t:s0:c1,c2"
SECRET = "system_u:object_r:secret_t:s0"
OURS = "system_u:system_r:kernel_t:s0"
LOOK = """exec >/tmp/said 2>&1; read -r label < /proc/self/attr/current; echo "$label"
(true > /secret/file) 2>/dev/null && echo written || echo refused
"""
CONFINED, FREE = [LABEL, "refused"], [OURS, "written"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[str]:
    """A directory for containers, which are taken away after the test."""
    yield str(tmp_path)
    for state in tmp_path.glob("state/*"):
        assert oci(str(tmp_path), "delete", "--force", state.name, manager="cgroupfs") == ""


def scratch(destination: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": "tmpfs", "source": "x", "options": [*options]}


def labelled(place: str, label: str | None, script: str = LOOK, **linux: Any) -> dict[str, Any]:
    """A configuration with a directory whose files the policy keeps from containers."""
    config: Any = document(place, script, **linux)
    config["mounts"].append(scratch("/secret", f"context={SECRET}"))
    config["process"]["env"] = ["PATH=/bin"]
    if label is not None:
        config["process"]["selinuxLabel"] = label
    return config


def start(place: str, config: dict[str, Any]) -> int:
    pid = create(place, config, manager="cgroupfs")
    assert oci(place, "start", "one", manager="cgroupfs") == ""
    return pid


def said(place: str) -> list[str]:
    return Path(place, "rootfs/tmp/said").read_text().splitlines()


def current(pid: int | str) -> str:
    return Path(f"/proc/{pid}/attr/current").read_text().rstrip("\0\n")


def of_file(pid: int, name: str) -> str:
    """The label of a file in a container."""
    return os.getxattr(f"/proc/{pid}/root/{name}", "security.selinux").rstrip(b"\0").decode()


def test_the_kernel_enforces_the_policy():
    assert Path("/sys/fs/selinux/enforce").read_text() == "1"
    assert current("self") == OURS


@pytest.mark.parametrize(("label", "wanted"), [(LABEL, CONFINED), (None, FREE)])
def test_the_label_holds_the_program(place, label, wanted):
    start(place, labelled(place, label))
    until_stopped(place)
    assert said(place) == wanted


@pytest.mark.parametrize("change", [restrict, map_users])
def test_it_holds_whatever_privileges_the_program_has(place, change):
    config = labelled(place, LABEL)
    change(config)
    start(place, config)
    until_stopped(place)
    assert said(place) == CONFINED


@pytest.mark.parametrize(("label", "wanted"), [(LABEL, CONFINED), (None, FREE)])
def test_a_further_process_has_a_label_of_its_own(place, label, wanted):
    start(place, labelled(place, None, "sleep 1000"))
    further = Path(place, "process.json")
    further.write_text(json.dumps(labelled(place, label)["process"]))
    told = oci(place, "exec", "--process", str(further), "one", manager="cgroupfs")
    assert told == ""
    assert said(place) == wanted


def test_what_is_mounted_anew_has_the_label_of_files(place):
    """Not what has a label of its own, nor what the policy labels itself."""
    config = labelled(place, LABEL, "sleep 1000", mountLabel=FILES)
    config["mounts"].append(scratch("/scratch"))
    pid = start(place, config)
    inside = {name: of_file(pid, name) for name in ("scratch", "dev", "secret", "tmp")}
    assert inside == {
        "scratch": FILES, "dev": FILES, "secret": SECRET, "tmp": "system_u:object_r:file_t:s0",
    }  # fmt: skip
    assert current(pid) == LABEL


@pytest.mark.parametrize("label", ["system_u:system_r:nosuch_t:s0", "nonsense"])
def test_a_label_that_the_policy_has_not_is_told_by_its_path_and_nothing_is_left(place, label):
    made = bundle(place, labelled(place, label))
    told = oci(place, "create", "--bundle", made, "one", manager="cgroupfs")
    assert told.startswith("process.selinuxLabel: label "), told
    assert not [*Path(place).glob("state/*")]


def test_a_label_of_files_that_the_policy_has_not_is_told_by_its_path(place):
    made = bundle(place, labelled(place, None, mountLabel="system_u:object_r:nosuch_t:s0"))
    told = oci(place, "create", "--bundle", made, "one", manager="cgroupfs")
    assert told.startswith("mounts["), told
    assert not [*Path(place).glob("state/*")]


class _Labelling:
    """A plug-in that gives containers both labels."""

    @cloche.hookimpl
    def cloche_prepare_spec(self, request: Any) -> Callable[[Any], Any]:
        return self._change

    def _change(self, spec: Any) -> Any:
        return spec.replace(
            process=spec.process.replace(selinux_label=LABEL),
            linux=spec.linux.replace(mount_label=FILES),
        )


def test_a_root_that_is_an_overlay_has_the_label_of_files(tmp_path):
    root = root_directory(str(tmp_path))
    with (
        cloche.Engine(runtime="linux", root=tmp_path / "state", plugins=[_Labelling()]) as engine,
        engine.start([BUSYBOX, "sleep", "60"], rootfs=root, init=False) as box,
    ):
        (pid,) = box.pids()
        assert (current(pid), of_file(pid, "bin/busybox")) == (LABEL, FILES)
        box.kill()
