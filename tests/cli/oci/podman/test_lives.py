"""podman, to whom this is one OCI runtime among others: the lives of its containers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from callers.podman import Podman
from callers.terminal import with_terminal

pytestmark = pytest.mark.slow

PATIENCE = 20
#: How many processes end at once: were their exits taken by another, podman would tell of 255.
QUICK = 5


@pytest.fixture(params=["root", "tenant"])
def owner(request: pytest.FixtureRequest) -> Podman:
    """root's, and a normal user's."""
    name = {"root": "podman", "tenant": "tenants"}[request.param]
    return request.getfixturevalue(name)


def ended(owner: Podman, *names: str) -> None:
    """Take containers away."""
    removed = owner("rm", "--force", "--time=0", *names)
    assert removed.returncode == 0, removed.stderr


def until_said(owner: Podman, name: str, text: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while owner("logs", name).stdout != text:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_output_and_exit_code_come_through(owner: Podman) -> None:
    said = owner.run("box", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (said.returncode, said.stdout, said.stderr) == (7, "out\n", "err\n")


def test_input_comes_through(owner: Podman) -> None:
    assert owner.run("-i", "box", "cat", input="text").stdout == "text"


@pytest.mark.parametrize(("program", "code"), [("nosuch", 127), ("/etc/passwd", 126)])
def test_programs_that_cannot_be_run_have_podmans_codes(podman: Podman, program, code) -> None:
    assert podman.run("box", program).returncode == code


def test_a_life_in_the_background(podman: Podman) -> None:
    name = podman.background("box", "sh", "-c", "echo up; sleep 600")
    inside = podman("exec", name, "sh", "-c", "cat /proc/1/comm; exit 4")
    assert (inside.returncode, inside.stdout) == (4, "sleep\n")
    assert podman("exec", name, "nosuch").returncode == 127
    assert podman("pause", name).returncode == 0
    assert podman.inspect(name, "State.Status") == "paused"
    assert podman("unpause", name).returncode == 0
    assert podman("update", "--memory=96m", name).returncode == 0
    limit = "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes || cat memory.max"
    assert podman("exec", name, "sh", "-c", limit).stdout == f"{96 << 20}\n"
    assert "sleep" in podman("top", name).stdout
    assert name[:12] in podman("stats", "--no-stream", name).stdout
    assert podman("logs", name).stdout == "up\n"
    assert podman("kill", name).returncode == 0
    assert podman("wait", name).stdout == "137\n"
    assert podman("rm", name).returncode == 0


def test_the_end_of_what_ends_at_once_is_told(owner: Podman) -> None:
    name = owner.background("box", "sleep", "600")
    codes = [owner("exec", name, "sh", "-c", "exit 4").returncode for _ in range(QUICK)]
    assert codes == [4] * QUICK
    ended(owner, name)


def test_another_user_has_no_groups_of_the_first_process(podman: Podman) -> None:
    name = podman.background("--group-add=5", "box", "sleep", "600")
    assert podman("exec", name, "id", "-G").stdout == "0 5\n"
    assert podman("exec", "--user=1:2", name, "id", "-G").stdout == "2\n"
    ended(podman, name)


def test_what_asks_to_stop_is_stopped(podman: Podman) -> None:
    script = "trap 'exit 5' TERM; echo up; while :; do sleep 0.1; done"
    name = podman.background("box", "sh", "-c", script)
    until_said(podman, name, "up\n")
    assert podman("stop", name).returncode == 0
    assert podman.inspect(name, "State.ExitCode") == "5"
    assert podman("start", name).returncode == 0, "it may be started again"
    ended(podman, name)


def test_what_does_not_stop_in_time_is_killed(owner: Podman) -> None:
    name = owner.background("box", "sleep", "600")
    assert owner("stop", "--time=1", name).returncode == 0
    assert owner.inspect(name, "State.ExitCode") == "137"
    ended(owner, name)


def test_what_fails_is_started_again_as_often_as_told(podman: Podman) -> None:
    name = podman.background("--restart=on-failure:1", "box", "sh", "-c", "echo x; exit 3")
    until_said(podman, name, "x\nx\n")
    assert podman("wait", name).stdout == "3\n"
    ended(podman, name)


def test_a_container_is_looked_after_by_a_command_in_it(owner: Podman) -> None:
    name = owner.background(
        "--health-cmd", "test -e /ok", "--health-interval=disable", "box", "sleep", "600"
    )
    assert owner("healthcheck", "run", name).returncode == 1
    assert owner("exec", name, "touch", "/ok").returncode == 0
    assert owner("healthcheck", "run", name).returncode == 0
    assert owner.inspect(name, "State.Health.Status") == "healthy"
    ended(owner, name)


def test_files_are_copied_and_what_was_changed_becomes_an_image(podman: Podman, tmp_path) -> None:
    (tmp_path / "given").write_text("text")
    name = podman.background("box", "sleep", "600")
    assert podman("cp", str(tmp_path / "given"), f"{name}:/tmp/given").returncode == 0
    assert podman("commit", "--quiet", name, "changed").returncode == 0
    assert podman.run("changed", "cat", "/tmp/given").stdout == "text"
    ended(podman, name)


def test_what_is_initialised_waits_for_its_start(podman: Podman) -> None:
    created = podman("create", "--network=none", "box", "cat", "/tmp/late").stdout.strip()
    assert podman("init", created).returncode == 0
    assert podman.inspect(created, "State.Status") == "initialized"
    assert podman("cp", "/etc/hostname", f"{created}:/tmp/late").returncode == 0
    started = podman("start", "--attach", created)
    assert started.stdout == Path("/etc/hostname").read_text()
    ended(podman, created)


def test_checkpoints_are_refused(podman: Podman) -> None:
    name = podman.background("box", "sleep", "600")
    refused = podman("container", "checkpoint", name)
    assert refused.returncode != 0
    assert "checkpoint is not supported" in refused.stderr
    assert podman.inspect(name, "State.Status") == "running"
    ended(podman, name)


def test_a_terminal(owner: Podman) -> None:
    words = owner.words("run", "--rm", "--network=none", "-it", "box", "tty")
    assert with_terminal(words, owner.environment).split() == [b"/dev/pts/0"]


def test_a_terminal_of_a_further_process(owner: Podman) -> None:
    name = owner.background("box", "sleep", "600")
    words = owner.words("exec", "-it", name, "tty")
    assert with_terminal(words, owner.environment).split() == [b"/dev/pts/0"]
    ended(owner, name)


def test_nothing_is_left(podman: Podman) -> None:
    podman.run("box", "true")
    left = [each.parent.name for each in Path("/proc").glob("[0-9]*/comm") if _waits(each, podman)]
    assert left == []


def _waits(comm: Path, podman: Podman) -> bool:
    """A helper of ours that was never started, and waits for ever."""
    try:
        mounts = (comm.parent / "mountinfo").read_text()
        return comm.read_text() == "cloche-init\n" and str(podman.place) in mounts
    except OSError:
        return False
