"""Events of many threads reach the screen, none of them late or lost, and nobody waits for it."""

from __future__ import annotations

import io
import json
import os
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloche.images.progress import Progress
from cloche_cli.progress import choose
from cloche_cli.progress.bars import Bars
from cloche_cli.progress.display import Display
from cloche_cli.progress.plain import Events, Lines

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
NAME = "docker.io/library/alpine:3.20"


def event(stage: str, current: int = 0, total: int | None = 2048, digest: str = A) -> Progress:
    return Progress(NAME, digest, stage, current, total)


class Kept(Display):
    """Shows by keeping."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Progress] = []

    def show(self, events):
        self.shown += events


STAGES = st.sampled_from(["waiting", "downloading", "unpacking", "done"])
EVENTS = st.lists(st.tuples(STAGES, st.sampled_from([A, B])))


@settings(deadline=None, max_examples=30)
@given(EVENTS)
def test_every_stage_is_shown_in_order_and_the_last_word_of_each(events):
    """Of one blob: how far it is in one stage may be left out, what comes next may not."""
    events = [event(stage, count, digest=digest) for count, (stage, digest) in enumerate(events)]
    with Kept() as display:
        for each in events:
            display.report(each)
    for digest in (A, B):
        told = [each for each in events if each.digest == digest]
        last = [
            each
            for each, after in zip(told, [*told, None][1:], strict=True)
            if after is None or after.stage != each.stage
        ]
        shown = [each for each in display.shown if each.digest == digest]
        assert [each for each in shown if each in last] == last
        assert shown[-1:] == told[-1:]


def test_a_flood_of_events_is_a_trickle_to_be_shown():
    with Kept() as display:
        for count in range(20_000):
            display.report(event("downloading", count))
    assert display.shown[-1].current == 19_999
    assert len(display.shown) < 200


def test_who_reports_does_not_wait_for_who_shows():
    gate = threading.Event()

    class Slow(Display):
        def show(self, events):
            gate.wait()

    with Slow() as display:
        time.sleep(0.3)  # it waits at the gate by now
        for count in range(1000):
            display.report(event("downloading", count))
        gate.set()
        reported = True
    assert reported


def test_what_goes_wrong_in_showing_is_raised_where_it_is_left():
    class Broken(Display):
        def show(self, events):
            if events:
                raise RuntimeError

    with pytest.raises(RuntimeError), Broken() as display:
        display.report(event("done"))


@pytest.mark.parametrize(("kind", "is_error"), [(Events, True), (Lines, False)])
def test_a_reader_that_has_gone_is_an_error_only_where_one_was_asked_for(kind, is_error):
    """Whoever looks at stderr may stop; whoever asked for JSON has not got it."""
    reader, writer = os.pipe()
    os.close(reader)
    told = False
    with open(writer, "w") as file, open(os.devnull, "w") as null:
        try:
            with kind(file) as display:
                display.report(event("done"))
        except BrokenPipeError:
            told = True
        os.dup2(null.fileno(), writer)  # or closing would fail, too
    assert told is is_error


def test_an_error_of_the_pull_comes_before_one_of_the_display():
    class Broken(Display):
        def show(self, events):
            raise BrokenPipeError

    with pytest.raises(KeyboardInterrupt), Broken():
        raise KeyboardInterrupt


def test_lines_tell_each_stage_once():
    file = io.StringIO()
    lines = Lines(file)
    lines.show([event("waiting"), event("downloading", 1), event("exists", digest=B)])
    lines.show([event("downloading", 1024), event("done", 2048)])
    lines.show([event("done", 2048)])
    assert file.getvalue().splitlines() == [
        f"{NAME} aaaaaaaaaaaa downloading 2 KiB",
        f"{NAME} bbbbbbbbbbbb exists 2 KiB",
        f"{NAME} aaaaaaaaaaaa done 2 KiB",
    ]


def test_json_tells_every_event_on_a_line():
    file = io.StringIO()
    Events(file).show([event("downloading", 7), event("done", 2048, None, B)])
    assert [json.loads(line) for line in file.getvalue().splitlines()] == [
        {"reference": NAME, "digest": A, "stage": "downloading", "current": 7, "total": 2048},
        {"reference": NAME, "digest": B, "stage": "done", "current": 2048, "total": None},
    ]


@pytest.mark.parametrize(
    ("terminal", "options", "kind"),
    [
        (True, {}, Bars),
        (True, {"TERM": "dumb"}, Lines),
        (False, {}, Lines),
        (True, {"quiet": True}, Display),
        (False, {"quiet": True}, Display),
        (True, {"json": True}, Events),
        (False, {"json": True, "quiet": True}, Events),
    ],
)
def test_what_is_shown_depends_on_who_looks(monkeypatch, terminal, options, kind):
    main, side = os.openpty() if terminal else os.pipe()
    with open(main, "rb"), open(side, "w") as file:
        monkeypatch.setattr("sys.stderr", file)
        monkeypatch.setenv("TERM", options.get("TERM", "xterm"))
        quiet, json = bool(options.get("quiet")), bool(options.get("json"))
        assert type(choose(quiet=quiet, json=json)) is kind
