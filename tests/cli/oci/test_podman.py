"""podman, to whom this is one OCI runtime among others."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from callers.runtime import runtime
from callers.terminal import with_terminal

from .conftest import PATIENCE, Said

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory with a short name, for podman takes no other."""
    with tempfile.TemporaryDirectory(prefix="cloche-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def podman(busybox, place) -> Iterator[Callable[..., Said]]:
    """podman with places of its own, an image of the test's, and our program as its runtime."""
    if os.geteuid() != 0:
        pytest.skip("podman's containers without root need more than this machine may have")
    wrapper = runtime(place)
    program = [
        *("podman", "--root", str(place / "root"), "--runroot", str(place / "run")),
        *("--tmpdir", str(place / "tmp"), "--storage-driver", "vfs", "--runtime", str(wrapper)),
        *("--cgroup-manager", "cgroupfs", "--events-backend", "file"),
    ]

    def run(*words: str, input: str = "") -> Said:
        done = subprocess.run(
            [*program, *words], input=input, capture_output=True, text=True, timeout=120
        )
        return Said(done.returncode, done.stdout, done.stderr)

    run.program = program
    archive = shutil.make_archive(str(place / "image"), "tar", busybox)
    assert run("import", archive, "box").code == 0
    yield run
    run("rm", "--all", "--force", "--time", "0")
    run("rmi", "--all", "--force")


def alone(*words: str) -> tuple[str, ...]:
    return ("run", "--rm", "--network=none", *words)


def test_output_and_exit_code_come_through(podman) -> None:
    said = podman(*alone("box", "sh", "-c", "echo out; echo err >&2; exit 7"))
    assert said == (7, "out\n", "err\n")


def test_input_comes_through(podman) -> None:
    assert podman(*alone("-i", "box", "cat"), input="text").out == "text"


@pytest.mark.parametrize(("program", "code"), [("nosuch", 127), ("/etc/passwd", 126)])
def test_programs_that_cannot_be_run_have_podmans_codes(podman, program, code) -> None:
    assert podman(*alone("box", program)).code == code


def test_limits_are_in_force(podman) -> None:
    said = podman(*alone("--memory=64m", "--pids-limit=50", "box", "sh", "-c",
                  "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max "
                  "/sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max 2>/dev/null"))  # fmt: skip
    assert said.out.split() == [str(64 << 20), "50"]


def test_it_runs_as_a_user(podman) -> None:
    said = podman(*alone("--user", "1000:1000", "box", "sh", "-c", "id -u; echo x > /dev/stderr"))
    assert said == (0, "1000\n", "x\n")


def test_a_pid_namespace_may_be_shared(podman) -> None:
    name = podman("run", "-d", "--network=none", "box", "sleep", "600").out.strip()
    said = podman(*alone(f"--pid=container:{name}", "box", "cat", "/proc/1/cmdline"))
    assert said.out == "sleep\x00600\x00"
    assert podman("rm", "-f", "-t", "0", name).code == 0


def test_a_life_in_the_background(podman) -> None:
    script = "echo up; sleep 600"
    name = podman("run", "-d", "--network=none", "box", "sh", "-c", script).out.strip()
    inside = podman("exec", name, "sh", "-c", "cat /proc/1/comm; exit 4")
    assert (inside.code, inside.out) == (4, "sleep\n")
    assert podman("exec", name, "nosuch").code == 127
    assert podman("pause", name).code == 0
    assert podman("inspect", "-f", "{{.State.Status}}", name).out == "paused\n"
    assert podman("unpause", name).code == 0
    assert podman("update", "--pids-limit", "33", name).code in (0, 125)  # since podman 4.3 only
    assert "sleep" in podman("top", name).out
    assert name[:12] in podman("stats", "--no-stream", name).out
    assert podman("logs", name).out == "up\n"
    assert podman("kill", name).code == 0
    assert podman("wait", name).out == "137\n"
    assert podman("rm", name).code == 0
    assert podman("ps", "-aq").out == ""


def test_what_asks_to_stop_is_stopped(podman) -> None:
    script = "trap 'exit 5' TERM; echo up; while :; do sleep 0.1; done"
    name = podman("run", "-d", "--network=none", "box", "sh", "-c", script).out.strip()
    deadline = time.monotonic() + PATIENCE
    while podman("logs", name).out != "up\n" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert podman("stop", name).code == 0
    assert podman("inspect", "-f", "{{.State.ExitCode}}", name).out == "5\n"
    assert podman("rm", name).code == 0


def test_a_terminal(podman) -> None:
    told = with_terminal([*podman.program, *alone("-it", "box", "tty")])
    assert told.split() == [b"/dev/pts/0"]


def test_a_terminal_of_a_further_process(podman) -> None:
    name = podman("run", "-d", "--network=none", "box", "sleep", "600").out.strip()
    assert with_terminal([*podman.program, "exec", "-it", name, "tty"]).split() == [b"/dev/pts/0"]
    podman("rm", "-f", "-t", "0", name)


def test_nothing_is_left(podman, place) -> None:
    podman("run", "--rm", "--network=none", "box", "true")
    left = [
        each.parent.name for each in Path("/proc").glob("[0-9]*/comm") if _waits(each, str(place))
    ]
    assert left == []


def _waits(comm: Path, place: str) -> bool:
    """A helper of ours that was never started, and waits for ever."""
    try:
        mounts = (comm.parent / "mountinfo").read_text()
        return comm.read_text() == "cloche-init\n" and place in mounts
    except OSError:
        return False
