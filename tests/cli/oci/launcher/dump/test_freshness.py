"""A dump is gone on with as long as all is as it was when it was made."""

from __future__ import annotations

import shutil

import pytest

WORDS = ("exec", "box", "true")
MESSAGE = "no such command"


def check_renewed(program) -> None:
    """It is not gone on with, and the next command makes another, which is."""
    assert program.going_on(*WORDS) is None
    program(*WORDS)
    assert program.going_on(*WORDS) is not None


def test_a_second_command_goes_on_from_it(program):
    assert program.going_on(*WORDS) is None
    said = program(*WORDS)
    assert program.file.exists()
    assert program.going_on(*WORDS) == said


@pytest.mark.parametrize("new", ["no such c0mmand", "there is no such command"])
def test_a_changed_source_is_run(ready, new):
    assert MESSAGE in ready("walk").err
    ready.change("program.py", MESSAGE, new)
    assert new in ready("walk").err
    assert new in ready.going_on("walk").err


def test_a_source_that_is_gone_is_not_run(ready):
    (ready.sources / "executing.py").unlink()
    assert ready.going_on(*WORDS) is None
    assert ready(*WORDS).code == 255
    assert "executing" in ready(*WORDS).err


def test_what_is_installed_later_counts(ready):
    (ready.packages / "later.pth").write_text(f"{ready.place}/later\n")
    assert ready.going_on(*WORDS) is None


def test_it_is_of_this_boot(ready):
    data = bytearray(ready.file.read_bytes())
    data[16:52] = b"00000000-0000-0000-0000-000000000000"
    ready.file.write_bytes(data)
    check_renewed(ready)


def test_another_environment_makes_its_own(ready):
    first = ready.launcher, ready.python
    ready.install(ready.place / "other", ready.launcher)
    check_renewed(ready)
    ready.launcher, ready.python = first
    assert ready.going_on(*WORDS) is None


def test_what_is_just_being_written_is_waited_for(program):
    program.change("program.py", MESSAGE, "no such thing", ago=-5)
    program(*WORDS)
    assert not program.file.exists()
    assert not program.draft.exists()


def test_nothing_is_written_where_no_code_is_to_be(program):
    program.environment["PYTHONDONTWRITEBYTECODE"] = "1"
    program(*WORDS)
    assert not program.file.exists()


def test_it_is_used_where_no_code_is_to_be_written(ready):
    ready.environment["PYTHONDONTWRITEBYTECODE"] = "1"
    assert ready.going_on(*WORDS) is not None


def test_where_nothing_can_be_written_nothing_is_made(program):
    program("--version")
    shutil.rmtree(program.cache, ignore_errors=True)
    program.cache.write_text("not a directory")
    usual = program.by_python(*WORDS)
    assert program(*WORDS) == usual
