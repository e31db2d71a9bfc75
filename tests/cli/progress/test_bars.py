"""Bars on a real terminal (tmux): nothing stays behind, whatever the window does."""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.images.progress import Progress
from cloche_cli.progress.bars import Bars, rows

NAME = "docker.io/library/alpine:3.20"


def digest(number: int) -> str:
    return f"sha256:{number:012x}" + "0" * 52


def bars(*stages: str) -> Bars:
    made = Bars(io.StringIO())
    made.show([Progress(NAME, digest(n), stage, 50, 100) for n, stage in enumerate(stages)])
    return made


STAGES = st.sampled_from(["waiting", "downloading", "unpacking", "done", "exists"])


@given(st.lists(STAGES, min_size=1, max_size=40), st.integers(0, 120), st.integers(1, 50))
def test_a_frame_fits_the_window(stages, width, height):
    lines = bars(*stages).lines(width, height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)


def test_where_there_is_no_room_what_moves_is_shown():
    lines = bars(*["done"] * 10, "downloading", *["waiting"] * 10, "unpacking").lines(80, 4)
    assert [line.split()[:2] for line in lines[:-1]] == [
        [f"{0:012x}", "done"],
        [f"{10:012x}", "downloading"],
        [f"{21:012x}", "unpacking"],
    ]


def test_nothing_is_painted_twice():
    made = bars("done", "exists")
    painted = made._file.getvalue()
    made.show([])
    assert made._file.getvalue() == painted


@pytest.mark.parametrize(("width", "count"), [(80, 3), (10, 3), (9, 5), (5, 5), (1, 21), (0, 21)])
def test_lines_that_have_become_too_long_take_several_rows(width, count):
    assert rows(["0123456789", "0123456789", ""], width) == count


SHOW = """
import sys
from cloche.images.progress import Progress
from cloche_cli.progress.bars import Bars

with Bars(sys.stderr) as display:
    for line in sys.stdin:
        number, stage, current, total = line.split()
        digest = f"sha256:{int(number):012x}" + "0" * 52
        name = "docker.io/library/alpine:3.20"
        display.report(Progress(name, digest, stage, int(current), int(total)))
print("the end")
"""


@pytest.fixture
def show(tmux, environment, tmp_path) -> Iterator[Callable[..., None]]:
    """Shows events on a terminal of 60 by 20, one by one as they are told."""
    fifo, script = tmp_path / "events", tmp_path / "show.py"
    os.mkfifo(fifo)
    script.write_text(SHOW)
    command = f"echo before; {shlex.quote(sys.executable)} {script} <{fifo}; exec cat"
    tmux("new-session", "-d", "-x", "60", "-y", "20", f"sh -c {shlex.quote(command)}")
    with Path(fifo).open("w") as pipe:

        def tell(*events: str) -> None:
            print(*events, sep="\n", file=pipe, flush=True)

        yield tell


@pytest.fixture
def screen(tmux, until) -> Callable[[str], list[str]]:
    """Waits until the screen shows a pattern; gives its lines, without the empty ones below."""

    def shown(pattern: str) -> list[str]:
        until(lambda: re.search(pattern, tmux("capture-pane", "-p")))
        return tmux("capture-pane", "-p").rstrip("\n").split("\n")

    return shown


def test_lines_take_the_place_of_their_predecessors(show, screen):
    show("1 waiting 0 2048", "2 downloading 512 1024")
    lines = screen("alpine:3.20")
    assert [line.split()[0] for line in lines] == [
        "before", "000000000001", "000000000002", "docker.io/library/alpine:3.20",
    ]  # fmt: skip
    show("1 downloading 2048 2048", "2 done 1024 1024", "3 exists 1 1")
    lines = screen("000000000003  exists")
    assert len(lines) == 5
    assert lines[2] == "000000000002  done         1 KiB"
    assert lines[3].startswith("000000000003  exists")


def test_a_window_that_becomes_narrower_has_no_remains_of_the_wider(tmux, show, screen):
    """It breaks the lines that are there, so a frame has to begin further up than before."""
    show(*(f"{number} downloading 512 1024" for number in range(1, 4)))
    screen("alpine")
    tmux("resize-window", "-x", "20", "-y", "20")
    show("1 done 1024 1024")
    assert screen("000000000001  done") == [
        "000000000001  done", "000000000002", "000000000003", "docker.io/library/a",
    ]  # fmt: skip
    tmux("resize-window", "-x", "100", "-y", "20")
    show("2 done 1024 1024")
    assert len(screen("000000000002  done")[-4:]) == 4


def test_a_window_without_room_shows_what_moves(tmux, show, screen):
    tmux("resize-window", "-x", "60", "-y", "5")
    show(*(f"{number} waiting 0 1024" for number in range(1, 30)), "30 downloading 1 2")
    lines = screen("00000000001e  downloading")
    assert len(lines) <= 5
    assert lines[-1].startswith("docker.io/library/alpine:3.20")


def test_the_cursor_rests_below(tmux, show, screen):
    """Whoever interrupts, or writes something else, begins a line of his own."""
    show("1 downloading 512 1024")
    screen("alpine")
    where = tmux("display-message", "-p", "#{cursor_x} #{cursor_y} #{cursor_flag}")
    assert where == "0 3 1\n"
