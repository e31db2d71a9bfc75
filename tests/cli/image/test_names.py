"""``cloche tag``, ``rmi`` and ``image prune``."""

from __future__ import annotations

import pytest


def test_a_further_name_is_given(cloche, here, kept):
    assert cloche("tag", here, "mine:1") == (0, "", "")
    assert sorted(kept()) == sorted([here, "mine:1"])
    assert cloche("run", "mine:1") == (0, "hello\n", "")


def test_a_name_without_a_tag_is_the_latest(cloche, here, kept):
    cloche("image", "tag", here, "mine")
    assert "mine:latest" in kept()


@pytest.mark.parametrize("name", ["Upper", "a b", "x@sha256:" + "0" * 64])
def test_what_is_no_name_cannot_be_given(cloche, here, name, kept):
    said = cloche("tag", here, name)
    assert (said.code, said.out) == (125, "")
    assert kept() == [here]


def test_the_last_name_takes_the_image_along(cloche, here):
    cloche("tag", here, "mine:1")
    assert cloche("rmi", "mine:1") == (0, "mine:1\n", "")
    said = cloche("rmi", here)
    assert said.code == 0
    assert said.out.splitlines()[0] == here
    assert len(said.out.splitlines()) >= 3
    assert all(line.startswith("sha256:") for line in said.out.splitlines()[1:])


def test_one_that_is_missing_does_not_keep_the_others(cloche, here, kept):
    said = cloche("rmi", "nothing:1", here)
    assert said.code == 125
    assert said.err.startswith("cloche: image not found: nothing:1\n")
    assert kept() == []
    assert cloche("rmi", "-f", "nothing:1") == (0, "nothing:1\n", "")


def test_one_that_a_container_uses_is_kept(cloche, here, kept):
    cloche("run", "--keep", "--name", "user", here)
    said = cloche("rmi", here)
    assert said.code == 125
    assert said.err.splitlines() == [
        f"cloche: {here} is used by the container user",
        f"hint: cloche rm user, or cloche rmi -f {here}",
    ]
    assert kept() == [here]
    cloche("rm", "user")
    assert cloche("rmi", here).code == 0


def test_pruning_takes_what_has_no_name(cloche, here, labelled, kept):
    cloche("pull", "-q", labelled)
    cloche("tag", here, labelled)
    said = cloche("image", "prune")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-1].startswith("freed ")
    assert len(said.out.splitlines()) > 2
    assert sorted(kept()) == sorted([here, labelled])


def test_pruning_all_takes_what_nobody_uses(cloche, here, labelled, kept):
    cloche("pull", "-q", labelled)
    cloche("run", "--keep", "--name", "user", here)
    assert cloche("image", "prune", "-a", "-f").code == 0
    assert kept() == [here]


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, 0), ("n", 1, 1), ("", 1, 1)])
def test_a_person_is_asked_before_all_of_them_go(terminal, here, kept, answer, code, left):
    opened = terminal("image", "prune", "-a")
    opened.expect(r"Remove every image that no container uses\? \[y/N\] ")
    opened.type(f"{answer}\n")
    assert opened.end() == code
    assert len(kept()) == left


def test_with_nothing_to_prune_nothing_is_freed(cloche):
    assert cloche("image", "prune") == (0, "freed 0 B\n", "")
