"""Containers that outlive the program: ``run -d``, ``create``, ``start``, and the other verbs."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

ID = re.compile(r"[0-9a-f]{12}\n")


@pytest.fixture(autouse=True)
def _nothing_stays(cloche):
    yield
    for made in cloche("ps", "-a", "-q").out.split():
        cloche("rm", "-f", made)


@pytest.fixture
def detach(cloche):
    """Runs a command detached, under a name."""

    def run(*words: str) -> str:
        said = cloche("run", "-d", "--name", "box", *words)
        assert said.code == 0, said.err
        assert ID.fullmatch(said.out)
        return said.out.strip()

    return run


def state(cloche) -> str:
    return json.loads(cloche("inspect", "box").out)[0]["state"]


def test_run_d_prints_the_id_and_leaves_it_running(cloche, detach):
    made = detach("--", "sleep", "600")
    assert cloche("ps", "-q").out.split() == [made]
    (details,) = json.loads(cloche("inspect", "box").out)
    assert (details["lifetime"], details["keep"]) == ("detached", True)


def test_what_is_executed_is_in_it(cloche, detach):
    detach("--hostname", "inside", "--", "sleep", "600")
    assert cloche("exec", "box", "hostname").out == "inside\n"


def test_files_go_in_and_out(cloche, detach, tmp_path):
    detach("--", "sleep", "600")
    (tmp_path / "file").write_text("content")
    assert cloche("cp", str(tmp_path / "file"), "box:/tmp/there").code == 0
    assert cloche("cp", "box:/tmp/there", str(tmp_path / "back")).code == 0
    assert (tmp_path / "back").read_text() == "content"


def test_it_ends_as_it_is_told(cloche, detach):
    detach("--", "sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.1; done")
    assert cloche("rm", "box").code == 125
    assert cloche("stop", "box") == (0, "box\n", "")
    assert cloche("wait", "box").out in ("9\n", "143\n")
    assert cloche("rm", "box").code == 0
    assert cloche("ps", "-a", "-q").out == ""


def test_its_exit_code_waits_for_whoever_asks(cloche, detach, until):
    detach("--", "sh", "-c", "exit 7")
    until(lambda: state(cloche) == "stopped")
    assert "stopped (exit 7" in cloche("ps", "-a").out
    assert cloche("wait", "box").out == "7\n"


def test_kill_ends_it(cloche, detach, until):
    detach("--", "sleep", "600")
    assert cloche("kill", "box").code == 0
    until(lambda: state(cloche) == "stopped")
    assert cloche("wait", "box").out == "137\n"


def test_it_holds_none_of_the_programs_streams(program, environment, cloche):
    """Whoever reads what the program writes comes to the end of that when the program ends."""
    words = [*program, "run", "-d", "--name", "box", "--", "sleep", "600"]
    said = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stderr) == (0, "")
    assert state(cloche) == "running"


def test_rm_removes_it_when_it_has_ended(cloche, detach, until):
    made = detach("--rm", "--", "sleep", "600")
    assert cloche("ps", "-q").out.split() == [made]
    cloche("kill", "box")
    until(lambda: cloche("ps", "-a", "-q").out == "")
    assert cloche("inspect", "box").code == 125


def test_create_makes_what_start_lets_run(cloche, until):
    said = cloche("create", "--name", "box", "--", "sh", "-c", "exit 3")
    assert said.code == 0, said.err
    assert ID.fullmatch(said.out)
    assert state(cloche) == "created"
    assert cloche("ps", "-q").out == ""
    assert cloche("start", "box") == (0, "box\n", "")
    assert cloche("wait", "box").out == "3\n"
    said = cloche("start", "box")
    assert (said.code, said.out) == (125, "")
    assert "start needs a created container" in said.err


def test_what_only_waits_can_be_removed(cloche):
    cloche("create", "--name", "box", "--", "true")
    assert cloche("rm", "box").code == 0
    assert cloche("ps", "-a", "-q").out == ""


def test_a_program_that_is_not_there(cloche):
    said = cloche("run", "-d", "--name", "box", "--", "nosuch")
    assert (said.code, said.out) == (127, "")
    assert cloche("ps", "-a", "-q").out == ""


def test_the_id_is_written_down(cloche, detach, tmp_path):
    made = detach("--cidfile", str(tmp_path / "id"), "--", "sleep", "600")
    assert (tmp_path / "id").read_text() == made


@pytest.mark.parametrize("option", ["-i", "-t", "--json", "--timeout=5"])
def test_what_needs_somebody_is_refused(cloche, option):
    said = cloche("run", "-d", option, "--", "true")
    name = option.partition("=")[0]
    assert (said.code, said.out) == (125, "")
    assert said.err.startswith(f"cloche: run: {name} beside -d: nobody is there to ")


def test_a_runtime_that_cannot_is_named(cloche):
    said = cloche("run", "-d", "--runtime", "runc", "--", "true")
    assert said.code == 125
    assert "its containers end with the process that made them" in said.err
