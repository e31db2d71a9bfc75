"""What `create` makes: everything of the configuration but its process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .changes import every, linux, mounted, placed, process, top


def test_everything_is_there_before_the_program_is(runtime) -> None:
    change = every(
        top(domainname="example", hostname="named"),
        mounted({"destination": "/tmp/x", "type": "tmpfs", "source": "x", "options": ["size=8k"]}),
        linux(
            sysctl={"net.ipv4.ip_forward": "1"},
            devices=[{"path": "/dev/own", "type": "c", "major": 1, "minor": 3}],
            resources={"pids": {"limit": 9}},
        ),
    )
    pid = runtime.create("sleep", "600", change=change)
    assert Path(f"/sys/fs/cgroup/pids{runtime.group()}/pids.max").read_text() == "9\n"
    among = ["nsenter", f"--target={pid}", "--mount", "--uts", "--net", f"--root=/proc/{pid}/root"]
    names = "/proc/sys/kernel/hostname /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_forward"
    script = f"cat {names}; stat -c %t:%T /dev/own; grep /tmp/x /proc/1/mounts"
    said = runtime.aside(*among, "/bin/sh", "-c", script).split()
    assert said[:4] == ["named", "example", "1", "1:3"]
    assert "size=8k" in said[7]
    for kind in ("ipc", "mnt", "net", "pid", "uts", "cgroup"):
        assert os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}")


@pytest.mark.parametrize(
    "change",
    [
        mounted({"destination": "/x", "type": "nosuchfs", "source": "x"}),
        mounted({"destination": "/x", "type": "none", "source": "/no/such", "options": ["bind"]}),
        linux(sysctl={"net.no.such": "1"}),
        linux(resources={"cpu": {"cpus": "4000"}}),
        linux(devices=[{"path": "/dev/x", "type": "q", "major": 1, "minor": 3}]),
        process(selinuxLabel="a:b:c:d"),
        process(apparmorProfile="nosuch"),
    ],
    ids=["file system", "source", "parameter", "processor", "device", "selinux", "apparmor"],
)
def test_what_cannot_be_made_is_an_error_and_leaves_nothing(runtime, change) -> None:
    before = runtime.mounts()
    assert runtime.refuses(change)
    assert runtime.groups() == []
    assert [*runtime.state.glob("*")] == []
    assert runtime.mounts() == before


@pytest.mark.parametrize("given", ["proc", "none"])
def test_the_usual_links_of_dev_are_made(runtime, given: str) -> None:
    script = "cd /dev; for each in fd stdin stdout stderr; do readlink $each || echo -; done"
    if given == "proc":
        wanted = "/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2"
        assert runtime.inside(script).split() == wanted.split()
    else:  # without /proc there is nothing to link to; what is made then is free
        kept = placed("mounts", [{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}])
        assert len(runtime.inside(script, change=kept).split()) == 4
