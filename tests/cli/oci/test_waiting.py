"""What waits for its start holds nothing but what it is to have."""

from __future__ import annotations

import os


def with_much(config) -> None:
    """What takes descriptors to be set up: groups, masks, a terminal's devices."""
    config["mounts"].append(
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}
    )
    config["linux"]["maskedPaths"] = ["/proc/acpi", "/proc/keys"]
    config["linux"]["resources"] = {"pids": {"limit": 50}}


def held(pid: int) -> dict[int, str]:
    return {
        int(each): os.readlink(f"/proc/{pid}/fd/{each}") for each in os.listdir(f"/proc/{pid}/fd")
    }


def test_it_has_its_streams_and_the_socket_where_it_is_told_to_start(oci) -> None:
    pid = oci.create("sleep", "600", change=with_much)
    own = {number: what for number, what in held(pid).items() if number > 2}
    assert [what.partition(":")[0] for what in own.values()] == ["socket"], own
