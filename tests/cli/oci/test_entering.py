"""Who gets into a container when, and into which of its groups."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

MOUNT = "/sys/fs/cgroup"


def writable_groups(config) -> None:
    """Show the control groups to the container, to be changed by it, by their names here."""
    config["mounts"].append(
        {"destination": MOUNT, "type": "cgroup", "source": "cgroup", "options": ["nosuid"]}
    )
    kinds = config["linux"]["namespaces"]
    config["linux"]["namespaces"] = [each for each in kinds if each["type"] != "cgroup"]


@pytest.fixture
def running(oci):
    oci.create("sleep", "600", change=writable_groups)
    assert oci("start", "box").code == 0
    return oci


def v1_holding(controller: str) -> str:
    """The hierarchy of version 1 that has a controller; skips where there is none."""
    if not Path(MOUNT, controller).is_dir():
        pytest.skip(f"the controller {controller} is not on cgroup v1 here")
    return f"{MOUNT}/{controller}"


def groups(said) -> dict[str, str]:
    """Groups of a process by their controllers."""
    lines = (line.split(":", 2) for line in said.out.splitlines())
    return {controllers: path for _, controllers, path in lines}


def test_what_waits_for_its_start_can_be_entered(oci) -> None:
    oci.create("sleep", "600")
    said = oci("exec", "box", "cat", "/proc/1/comm", "/etc/passwd")
    assert said.code == 0
    assert "nobody:" in said.out
    assert oci.status() == "created"
    assert oci("start", "box").code == 0
    oci.until("running")


def test_what_is_paused_is_not_entered(running) -> None:
    assert running("pause", "box").code == 0
    said = running("exec", "box", "true")
    assert said.code == 255
    assert "cannot exec in a paused container" in said.err


def test_unless_the_caller_is_willing_to_wait_for_it(running) -> None:
    assert running("pause", "box").code == 0
    words = [*running.program, "exec", "--ignore-paused", "box", "echo", "ok"]
    waiting = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=running.environment)
    time.sleep(0.5)
    assert waiting.poll() is None
    assert running("resume", "box").code == 0
    assert waiting.communicate(timeout=30) == ("ok\n", None)


def test_a_group_beneath_the_containers_can_be_named(running) -> None:
    memory = v1_holding("memory")
    assert running("exec", "box", "mkdir", f"{memory}/deeper").code == 0
    own = groups(running("exec", "box", "cat", "/proc/self/cgroup"))["memory"]
    for word in ("memory:deeper", "memory:/deeper/"):
        said = running("exec", "--cgroup", word, "box", "cat", "/proc/self/cgroup")
        assert groups(said)["memory"] == f"{own}/deeper"
        assert not groups(said)["pids"].endswith("/deeper")


def test_the_top_one_is_the_containers_own(running) -> None:
    plain = running("exec", "box", "cat", "/proc/self/cgroup")
    named = running("exec", "--cgroup", "/", "box", "cat", "/proc/self/cgroup")
    assert named.code == 0
    assert named.out == plain.out


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("..", "bad sub cgroup path"),
        ("a/../../b", "bad sub cgroup path"),
        ("nonexistent", "/nonexistent/cgroup.procs: no such file or directory"),
        ("whaaat:/", "unknown controller whaaat"),
        ("cpu:", "there is no path"),
    ],
)
def test_no_other_can(running, word, words) -> None:
    said = running("exec", "--cgroup", word, "box", "true")
    assert said.code == 255
    assert words in said.err


@pytest.mark.parametrize(
    "words", [("nosuch", "true"), ("box", "nosuch"), ("--pid-file", "/nosuch/pid", "box", "true")]
)
def test_failures_have_a_code_that_programs_seldom_end_with(running, words) -> None:
    assert running("exec", *words).code == 255


def unified_with_controllers() -> Path:
    """The top of version 2; skips where it has no controller that can be handed on."""
    top = next((p for p in (Path(MOUNT), Path(MOUNT, "unified")) if _handed_on(p)), None)
    return top or pytest.skip("no controller of cgroup v2 is there to be handed on")


def _handed_on(top: Path) -> list[str]:
    file = top / "cgroup.subtree_control"
    return file.read_text().split() if file.exists() else []


def test_who_moved_deeper_is_followed_where_the_group_can_have_no_processes_any_more(oci) -> None:
    top = unified_with_controllers()
    pid = oci.create("sleep", "600", change=writable_groups)
    assert oci("start", "box").code == 0
    own = groups(oci("exec", "box", "cat", "/proc/self/cgroup"))[""]
    (top / own.lstrip("/") / "inner").mkdir()
    (top / own.lstrip("/") / "inner/cgroup.procs").write_text(str(pid))
    for group in (top / own.lstrip("/")).parent, top / own.lstrip("/"):
        (group / "cgroup.subtree_control").write_text(f"+{_handed_on(top)[0]}")
    said = oci("exec", "box", "cat", "/proc/self/cgroup")
    assert said.code == 0, said.err
    assert groups(said)[""] == f"{own}/inner"
    refused = oci("exec", "--cgroup", "/", "box", "true")
    assert refused.code == 255
