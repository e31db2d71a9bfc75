"""containerd, to whose shim this is one runc among others."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from callers.containerd import Containerd, containerd
from callers.daemon import until
from callers.remains import remains
from callers.terminal import with_terminal

pytestmark = pytest.mark.slow

#: How many processes end at once: were their exits taken by another, ctr would wait for ever.
QUICK = 10
#: ctr 1.6 stops to read output when it hears of the end, and may lose it then. Of 150 processes
#: that write and end at once it did so to 8 of ours and to 1 of runc's.
LINGER = "sleep 0.5"


@pytest.fixture(scope="module")
def daemon(busybox) -> Iterator[Containerd]:
    """A daemon whose socket has a short name, for longer ones can't be bound."""
    if os.geteuid() != 0:
        pytest.skip("containerd needs root")
    with (
        tempfile.TemporaryDirectory(prefix="cloche-") as place,
        containerd(Path(place), busybox) as started,
    ):
        yield started


@pytest.fixture
def name(request, daemon) -> Iterator[str]:
    """A container's name, of which nothing may be left at the end of a test."""
    kind = re.sub("[^a-z]+", "-", request.node.name)[:40].strip("-")
    name = f"cloche-{os.getpid()}-{kind}"
    yield name
    daemon.ctr("task", "delete", "--force", name)
    daemon.ctr("container", "delete", name)
    until(lambda: remains(name) == [], daemon.place / "log")
    assert list((daemon.place / "runtime").glob("*/*")) == []


@pytest.fixture
def running(daemon, name) -> str:
    """A container that runs in the background."""
    started = daemon.ctr(*daemon.run("--detach", "--null-io", "box", name, "sleep", "600"))
    assert started.returncode == 0, started.stderr
    assert remains(name), "what is to vanish could not be seen at all"
    return name


def tasks(daemon: Containerd) -> dict[str, str]:
    """The status of each."""
    _, *lines = daemon.ctr("task", "list").stdout.splitlines()
    return {line.split()[0]: line.split()[2] for line in lines}


@pytest.mark.parametrize("snapshotter", ["native", "overlayfs"])
def test_output_and_exit_code_come_through(daemon, name, snapshotter) -> None:
    unpacked = daemon.ctr("snapshot", "--snapshotter", snapshotter, "list")
    assert unpacked.returncode == 0, unpacked.stderr
    script = "echo out; echo err >&2; exit 7"
    said = daemon.ctr(
        *daemon.run("--rm", "--snapshotter", snapshotter, "box", name, "sh", "-c", script)
    )
    assert (said.returncode, said.stdout) == (7, "out\n")
    assert said.stderr.startswith("err\n")


def test_a_program_that_is_not_there_is_told(daemon, name) -> None:
    said = daemon.ctr(*daemon.run("--rm", "box", name, "nosuch"))
    assert said.returncode != 0
    assert "nosuch" in said.stderr
    assert "executable file not found" in said.stderr


def test_a_terminal(daemon, name) -> None:
    words = daemon.words(*daemon.run("--rm", "--tty", "box", name, "tty"))
    assert with_terminal(words).split() == [b"/dev/pts/0"]


def test_a_limit_is_in_force(daemon, name) -> None:
    files = "/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max"
    mounted = ("--mount", "type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro")
    said = daemon.ctr(
        *daemon.run("--rm", "--memory-limit", str(64 << 20), *mounted, "box", name),
        *("sh", "-c", f"cat {files} 2>/dev/null"),
    )
    assert said.stdout == f"{64 << 20}\n", said.stderr


def test_what_is_asked_for_is_so(daemon, name, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text\n")
    groups = "type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro"
    shown = f"type=bind,src={tmp_path},dst=/v,options=rbind:ro"
    asked = ("--env=A=b", "--cwd=/etc", "--cpus=0.5", "--mount", groups)
    script = (
        "echo $A; pwd; cat /v/file; touch /v/new 2>/dev/null; echo $?\n"
        "cd /sys/fs/cgroup; cat cpu*/cpu.cfs_quota_us cpu.max | sort -u | cut -d' ' -f1"
    )
    words = daemon.run("--rm", *asked, "--mount", shown, "box", name, "sh", "-c", script)
    said = daemon.ctr(*words)
    assert said.stdout.split() == ["b", "/etc", "text", "1", "50000"], said.stderr


def test_a_privileged_one_on_the_hosts_network(daemon, name) -> None:
    script = "ls /sys/class/net; grep Seccomp: /proc/self/status"
    words = daemon.run("--rm", "--privileged", "--net-host", "box", name, "sh", "-c", script)
    said = daemon.ctr(*words)
    assert "lo" in said.stdout.split(), said.stderr
    assert said.stdout.endswith("Seccomp:\t0\n")


def test_a_further_process_has_its_own_streams_and_exit_code(daemon, running) -> None:
    script = f"echo further; {LINGER}; exit 4"
    said = daemon.ctr(*further(daemon, running), "sh", "-c", script)
    assert (said.returncode, said.stdout) == (4, "further\n"), said.stderr


def test_the_end_of_what_ends_at_once_is_told(daemon, running) -> None:
    for number in range(QUICK):
        said = daemon.ctr(*further(daemon, running, number=number), "sh", "-c", "exit 4")
        assert said.returncode == 4, said.stderr


def test_a_terminal_of_a_further_process(daemon, running) -> None:
    words = further(daemon, running, "--tty")
    shown = with_terminal(daemon.words(*words, "sh", "-c", f"tty; {LINGER}"))
    assert shown.split() == [b"/dev/pts/0"]


def test_a_further_process_is_as_it_is_asked_for(daemon, running) -> None:
    words = further(daemon, running, "--cwd=/etc", "--user=1000:1000")
    said = daemon.ctr(*words, "sh", "-c", f"pwd; id -u; {LINGER}")
    assert said.stdout == "/etc\n1000\n", said.stderr


def test_what_is_paused_stands_still_until_resumed(daemon, running) -> None:
    assert daemon.ctr("task", "pause", running).returncode == 0
    assert tasks(daemon)[running] == "PAUSED"
    assert daemon.ctr("task", "resume", running).returncode == 0
    assert tasks(daemon)[running] == "RUNNING"


def test_processes_and_what_they_use_are_shown(daemon, running) -> None:
    _, *lines = daemon.ctr("task", "ps", running).stdout.splitlines()
    assert len(lines) == 1
    measured = daemon.ctr("task", "metrics", running).stdout.split()
    assert int(measured[measured.index("pids.current") + 1]) == 1


def test_a_signal_ends_it(daemon, running) -> None:
    assert daemon.ctr("task", "kill", "--signal", "SIGKILL", running).returncode == 0
    until(lambda: tasks(daemon)[running] == "STOPPED", daemon.place / "log")
    ended = daemon.ctr("task", "delete", running)
    assert "exit with non-zero exit code 137" in ended.stderr


def further(daemon: Containerd, name: str, *words: str, number: int = 0) -> list[str]:
    """The words of `ctr` that run a further process of a container."""
    own = (f"--exec-id=a{number}", "--fifo-dir", str(daemon.place / "fifo"))
    return ["task", "exec", *own, *words, name]


def test_no_shim_is_left(daemon, name) -> None:
    assert daemon.ctr(*daemon.run("--rm", "box", name, "true")).returncode == 0
    address = str(daemon.place / "socket")
    until(lambda: not [each for each in remains(address) if "shim" in each], daemon.place / "log")
