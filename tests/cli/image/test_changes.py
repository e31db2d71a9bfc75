"""``cloche diff`` and ``commit``: what a container has changed, and an image of it."""

from __future__ import annotations

import json
import re

import pytest

CHANGE = "echo new >/added; echo more >>/etc/passwd; rm /bin/id; mkdir /d; echo x >/d/f"


@pytest.fixture
def web(cloche, here, box) -> str:
    """A container that runs, and has changed something."""
    box("web", here, "sleep", "1000")
    assert cloche("exec", "web", "sh", "-c", CHANGE).code == 0
    return "web"


def test_changes_are_listed_in_dockers_letters(cloche, web):
    said = cloche("diff", web)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert {"A /added", "C /etc/passwd", "D /bin/id", "A /d", "A /d/f"} <= set(lines)
    paths = [line[2:] for line in lines]
    assert paths == sorted(paths)


def test_changes_are_listed_as_json(cloche, web):
    told = json.loads(cloche("diff", "--json", web).out)
    assert {"path": "/added", "kind": "added"} in told
    assert {"path": "/bin/id", "kind": "deleted"} in told


def test_changes_of_what_has_ended_are_listed_too(cloche, here):
    cloche("run", "--keep", "--name", "was", here, "sh", "-c", CHANGE)
    assert "A /added" in cloche("diff", "was").out.splitlines()


def test_changes_become_an_image(cloche, web):
    said = cloche(
        "commit", "-a", "somebody", "-m", "with more", "-c", "CMD cat /added", web, "mine:1"
    )
    assert (said.code, said.err) == (0, "")
    assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", said.out)
    assert cloche("run", "mine:1") == (0, "new\n", "")
    assert cloche("run", "mine:1", "ls", "/bin/id").code == 1
    assert "with more" in cloche("history", "mine:1").out.splitlines()[1]


def test_the_container_runs_on_as_it_did(cloche, web):
    cloche("commit", web, "mine:1")
    cloche("commit", "--pause=false", web, "mine:2")
    assert cloche("exec", web, "cat", "/added").out == "new\n"
    assert "running" in cloche("ps").out


def test_what_was_committed_can_be_pushed_and_pulled(cloche, web, registry, tmp_path):
    cloche("commit", web, f"{registry}/committed:1")
    assert cloche("push", "-q", f"{registry}/committed:1").code == 0
    there = {"CLOCHE_ROOT": str(tmp_path / "elsewhere")}
    said = cloche("run", "-q", f"{registry}/committed:1", "cat", "/added", **there)
    assert said == (0, "new\n", "")


def test_what_has_no_image_cannot_be_committed(cloche, box):
    box("host")
    said = cloche("commit", "host", "mine:1")
    assert (said.code, said.out) == (125, "")
    assert said.err.startswith("cloche: host was not made from an image\n")


@pytest.mark.parametrize("words", [["diff", "nothing"], ["commit", "nothing", "x:1"]])
def test_what_is_not_there_is_told(cloche, words):
    said = cloche(*words)
    assert (said.code, said.out) == (125, "")
    assert said.err.startswith("cloche: no container nothing\n")
