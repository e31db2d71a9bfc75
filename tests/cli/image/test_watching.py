"""A pull as somebody sees it: bars on a terminal, interrupted, and beside a run's output."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest
from registries.faulty import Faulty, ranged, reply, stall
from registries.images import archive, image
from waiting import readable


@pytest.fixture(scope="module")
def large(registry, upload) -> str:
    """An image of four layers that can't be compressed."""
    content = random.Random(4)
    layers = [archive({f"file{n}": content.randbytes(3 << 20)}) for n in range(4)]
    upload(image(*layers), "large:1")
    return f"{registry}/large:1"


IMAGE = image(archive({"small": b"x"}), archive({"file": random.Random(5).randbytes(3 << 20)}))


@pytest.fixture
def stuck() -> Iterator[Faulty]:
    """A registry with an image whose second layer comes halfway and no further."""
    with Faulty() as registry:
        registry.on("/v2/stuck/manifests/1", reply(200, IMAGE.data, Content_Type=IMAGE.media_type))
        *others, (digest, data) = IMAGE.blobs.items()
        for other, content in others:
            registry.on(f"/v2/stuck/blobs/{other}", reply(200, content))
        half = stall(data, len(data) // 2)
        registry.on(f"/v2/stuck/blobs/{digest}", half, ranged(data))
        yield registry


def test_bars_end_as_a_list_of_what_came(terminal, large):
    opened = terminal("pull", large)
    opened.expect(rf"{re.escape(large)}@sha256:[0-9a-f]{{64}}\r\n")
    assert opened.end() == 0
    last = opened.everything.rpartition("\x1b[")[0]
    assert len(re.findall(r"[0-9a-f]{12}  done", opened.everything)) >= 4
    assert "12 MiB/12 MiB" in last
    assert opened.is_restored()


def test_nothing_is_wider_than_the_window(terminal, large):
    opened = terminal("pull", large)
    opened.size(30, 6)
    opened.expect("@sha256:")
    assert opened.end() == 0
    painted = opened.everything.partition(f"{large}@sha256:")[0]
    lines = re.sub(r"\x1b\[[0-9]*[A-Z]", "", painted).replace("\r", "\n").split("\n")
    assert max(map(len, lines)) < 80


def test_what_stays_in_the_window_is_right(tmux, program, large, until):
    """Whole lines, in order, and the shell's prompt below them."""
    tmux("new-session", "-d", "-x", "100", "-y", "20", "env PS1='ready> ' sh -i")
    until(lambda: "ready>" in tmux("capture-pane", "-p"))
    tmux("send-keys", f"clear; {' '.join([*program, 'pull', large])}; echo code $?", "Enter")
    until(lambda: "code 0" in tmux("capture-pane", "-p"))
    lines = tmux("capture-pane", "-p").rstrip("\n").split("\n")
    blobs = [line for line in lines if re.fullmatch(r"[0-9a-f]{12}  done +[\d.]+ [KM]?i?B", line)]
    assert len(blobs) >= 4
    ends = " ".join(lines[len(blobs) :])
    assert re.search(r"12 MiB/12 MiB .*@sha256:[0-9a-f ]{64,}.* code 0 ready>", ends)


def test_ctrl_c_leaves_the_cursor_on_a_line_of_its_own(terminal, stuck):
    opened = terminal("pull", f"{stuck.host}/stuck:1")
    opened.expect("downloading")
    opened.type("\x03")
    assert opened.end() == 130
    opened.expect(r"\r\n\x1b\[J|\^C")
    assert opened.is_restored()
    assert "Traceback" not in opened.everything


def test_an_interrupted_pull_goes_on_with_the_next(cloche, terminal, stuck):
    opened = terminal("pull", f"{stuck.host}/stuck:1")
    opened.expect("downloading")
    opened.type("\x03")
    opened.end()
    assert cloche("pull", "-q", f"{stuck.host}/stuck:1").code == 0
    assert cloche("image", "verify") == (0, "", "")


def test_bars_of_a_run_are_beside_its_output(terminal, hello):
    opened = terminal("run", hello)
    opened.expect(r"[0-9a-f]{12}  done.*\r\n")
    opened.expect("hello\r\n")
    assert opened.end() == 0


def test_a_run_with_a_terminal_shows_bars_before_it_takes_the_terminal(terminal, hello):
    opened = terminal("run", "-it", hello, "sh", "-c", "test -t 0 && echo terminal")
    opened.expect(r"[0-9a-f]{12}  done.*\r\n")
    opened.expect("terminal\r\n")
    assert opened.end() == 0
    assert opened.is_restored()


def test_ctrl_c_while_a_run_fetches_ends_it(terminal, stuck, until):
    """Before anything is known of the image, and so before there is anything to show."""
    stuck.on("/v2/stuck/manifests/1", stall())
    opened = terminal("run", f"{stuck.host}/stuck:1")
    until(lambda: stuck.asked("/v2/stuck/manifests/1"))
    assert not readable(opened.master, 0.5)
    opened.type("\x03")
    assert opened.end() == 130
    assert opened.is_restored()
