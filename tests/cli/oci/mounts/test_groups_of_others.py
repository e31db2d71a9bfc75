"""Control groups of version 2 in a user namespace that has no cgroup namespace of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.cli.oci.conftest import Runtime, mount

from cloche_linux.cgroups.layout import detect


def test_those_of_the_machine_are_shown_where_none_can_be_mounted(oci: Runtime) -> None:
    unified = detect().unified
    assert unified is not None

    def change(config: dict[str, Any]) -> None:
        linux = config["linux"]
        linux["namespaces"] = [each for each in linux["namespaces"] if each["type"] != "cgroup"]
        linux["namespaces"].append({"type": "user"})
        mapping = [{"containerID": 0, "hostID": 100000, "size": 1000}]
        linux.update(uidMappings=mapping, gidMappings=mapping)
        config["root"]["path"] = f"{directory}/root"
        config["mounts"].append(mount("/sys", "cgroup2", "ro"))

    with TemporaryDirectory(prefix="cloche-groups-") as directory:
        Path(directory).chmod(0o755)
        subprocess.run(["cp", "-a", oci.busybox, f"{directory}/root"], check=True)
        said = oci.run("sh", "-c", "stat -c %i /sys; touch /sys/x", change=change)
    assert said.code == 1, said.err
    assert said.out == f"{Path(unified.mount).stat().st_ino}\n", said.err
    assert "Read-only" in said.err
