"""What a line of progress says, and that it fits whatever room there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.images.progress import Progress
from cloche_cli.progress.layout import Blob, Speed, line, summary

MIB = 1 << 20
DIGEST = "sha256:" + "0123456789ab" + "c" * 52


def blob(stage: str, current: int = 0, total: int | None = 100 * MIB, speed: float = 0) -> Blob:
    """A blob that had a second before what its speed is."""
    event = Progress("alpine", DIGEST, stage, current, total)
    made = Blob(event)
    made.speed.saw(0.0, max(int(current - speed), 0))
    made.saw(event, 1.0)
    return made


def test_a_wide_line_says_everything():
    assert line(blob("downloading", 25 * MIB, speed=5 * MIB), 100) == (
        "0123456789ab  downloading  [=======>                      ]"
        "     25 MiB/100 MiB  5 MiB/s  15 s left"
    )


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (80, "0123456789ab  downloading  [===>        ]     25 MiB/100 MiB  5 MiB/s  15 s left"),
        (70, "0123456789ab  downloading     25 MiB/100 MiB  5 MiB/s  15 s left"),
        (60, "0123456789ab  downloading     25 MiB/100 MiB  5 MiB/s"),
        (50, "0123456789ab  downloading     25 MiB/100 MiB"),
        (30, "0123456789ab  downloading"),
        (20, "0123456789ab"),
        (5, "01234"),
        (0, ""),
    ],
)
def test_a_narrow_line_leaves_the_less_important_away(width, text):
    assert line(blob("downloading", 25 * MIB, speed=5 * MIB), width) == text


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (blob("waiting"), "0123456789ab  waiting      100 MiB"),
        (blob("waiting", total=None), "0123456789ab  waiting"),
        (blob("done", 100 * MIB), "0123456789ab  done         100 MiB"),
        (blob("exists"), "0123456789ab  exists       100 MiB"),
        (blob("downloading", 3 * MIB, None), "0123456789ab  downloading              3 MiB"),
    ],
)
def test_what_does_not_move_has_no_bar(made, text):
    assert line(made, 90) == text


BLOBS = st.builds(
    blob,
    st.sampled_from(
        ["waiting", "downloading", "verifying", "unpacking", "done", "exists", "uploading"]
    ),
    st.integers(0, 1 << 45),
    st.none() | st.integers(0, 1 << 45),
    st.integers(0, 1 << 40),
)


@given(BLOBS, st.integers(0, 200))
def test_a_line_is_never_wider_than_the_window(made, width):
    text = line(made, width)
    assert len(text) <= width
    assert text.isascii()
    assert text.isprintable()


@given(st.lists(BLOBS, max_size=5), st.integers(0, 200))
def test_the_sum_is_never_wider_than_the_window(blobs, width):
    assert len(summary("docker.io/library/alpine", blobs, Speed(), width)) <= width


def test_the_sum_counts_what_is_sent_and_what_is_there_already():
    """What a layer unpacks to is another number, and belongs to its own line."""
    speed = Speed()
    speed.saw(0, 0)
    speed.saw(1, 25 * MIB)
    blobs = [
        blob("exists"),
        blob("done", 100 * MIB),
        blob("downloading", 50 * MIB),
        blob("waiting"),
    ]
    unpacking = blob("downloading", 100 * MIB)
    unpacking.saw(Progress("alpine", DIGEST, "unpacking", 300 * MIB, None), 2.0)
    blobs.append(unpacking)
    assert summary("alpine", blobs, speed, 80) == "alpine  350 MiB/500 MiB  25 MiB/s  6 s left"


def test_speed_is_that_of_the_last_seconds():
    speed = Speed()
    assert speed() is None
    for second in range(10):
        speed.saw(second, 100 * second)
    assert speed() == 100
    for second in range(10, 14):
        speed.saw(second, 900)
    assert speed() == 0


def test_speed_begins_again_with_what_begins_again():
    speed = Speed()
    speed.saw(0, 1000)
    speed.saw(1, 0)
    assert speed() is None
    speed.saw(2, 10)
    assert speed() == 10


def test_a_resumed_download_is_not_counted_as_fast():
    made = Blob(Progress("alpine", DIGEST, "waiting", 0, 1000))
    made.saw(Progress("alpine", DIGEST, "downloading", 900, 1000), 1.0)
    made.saw(Progress("alpine", DIGEST, "downloading", 910, 1000), 2.0)
    assert made.speed() == 10
