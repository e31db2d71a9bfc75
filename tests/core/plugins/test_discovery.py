"""Discovery finds what ``importlib.metadata`` finds, without it."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

from cloche.discovery import EntryPoint, entry_points


def put(folder, name, text):
    metadata = folder / name
    metadata.mkdir(parents=True)
    (metadata / "entry_points.txt").write_text(text)


def test_a_distribution_is_found_with_its_name_and_version(tmp_path):
    put(tmp_path, "my_thing-1.2.dist-info", "[cloche]\nx = my.module:plugin\n")
    assert entry_points("cloche", [str(tmp_path)]) == [
        EntryPoint("x", "my.module:plugin", "my_thing", "1.2")
    ]


def test_the_first_of_one_name_counts(tmp_path):
    """However a name is written: my.thing, my_thing and My-Thing are one."""
    put(tmp_path / "a", "my_thing-1.dist-info", "[cloche]\nx = first\n")
    put(tmp_path / "b", "My.Thing-2.dist-info", "[cloche]\nx = second\ny = second\n")
    found = entry_points("cloche", [str(tmp_path / "a"), str(tmp_path / "b")])
    assert [e.value for e in found] == ["first"]


def test_a_first_one_without_entry_points_hides_the_second(tmp_path):
    (tmp_path / "a" / "thing-1.dist-info").mkdir(parents=True)
    put(tmp_path / "b", "thing-2.dist-info", "[cloche]\nx = second\n")
    assert entry_points("cloche", [str(tmp_path / "a"), str(tmp_path / "b")]) == []


def test_develop_installs_are_found(tmp_path):
    put(tmp_path, "thing.egg-info", "[cloche]\nx = m\n")
    assert [e.distribution for e in entry_points("cloche", [str(tmp_path)])] == ["thing"]


def test_other_groups_comments_and_extras(tmp_path):
    text = "[other]\na = m\n\n[cloche]\n# b = m\n; c = m\nd=m : p [extra]\n [more]\ne = m\n"
    put(tmp_path, "thing-1.dist-info", text)
    assert [(e.name, e.value) for e in entry_points("cloche", [str(tmp_path)])] == [("d", "m : p")]


def test_what_is_no_directory_is_passed_over(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK")
    (tmp_path / "bad-1.dist-info").mkdir()
    (tmp_path / "bad-1.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe[cloche]\n")
    (tmp_path / "file-1.dist-info").write_text("")
    assert entry_points("cloche", [str(tmp_path / "x.zip"), "/nowhere", str(tmp_path)]) == []


@pytest.mark.parametrize("group", ["console_scripts", "pytest11"])
def test_it_agrees_with_the_standard_library(group, monkeypatch):
    """On what is really installed here."""
    monkeypatch.undo()
    theirs = {(e.name, e.value) for e in importlib.metadata.entry_points(group=group)}
    assert theirs != set()
    assert {(e.name, e.value) for e in entry_points(group)} == theirs


def test_importlib_metadata_is_not_imported():
    code = (
        "import sys; from cloche.discovery import entry_points; entry_points('cloche'); "
        "from cloche.plugins import Plugins; print('importlib.metadata' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"
