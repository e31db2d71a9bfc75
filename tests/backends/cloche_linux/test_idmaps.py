"""User and group ids inside a user namespace and outside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche_linux import idmaps
from cloche_linux.idmaps import IdMaps, Range


def subordinate(tmp_path: Path, text: str, uid: int) -> tuple[Range, ...]:
    file = tmp_path / "subuid"
    file.write_text(text)
    return idmaps._subordinate(str(file), uid)  # pyright: ignore[reportPrivateUsage]


def test_ranges_follow_each_other_inside(tmp_path: Path) -> None:
    text = "4242:100000:1000\nsomebody:1:1\n4242:300000:10\n"
    assert subordinate(tmp_path, text, 4242) == (Range(1, 100000, 1000), Range(1001, 300000, 10))


@pytest.mark.parametrize("text", ["", "4242\n", "4242:x:y\n", "4242:1\n", "::\n"])
def test_malformed_lines_give_nothing(tmp_path: Path, text: str) -> None:
    assert subordinate(tmp_path, text, 4242) == ()


def test_a_missing_file_gives_nothing(tmp_path: Path) -> None:
    assert idmaps._subordinate(str(tmp_path / "none"), 1) == ()  # pyright: ignore[reportPrivateUsage]


def test_a_group_is_mapped_or_not() -> None:
    maps = IdMaps((Range(0, 1000, 1),), (Range(0, 1000, 1), Range(1, 100000, 10)))
    assert [maps.has_gid(gid) for gid in (0, 1, 10, 11)] == [True, True, True, False]


@given(st.lists(st.tuples(st.integers(0, 2**31), st.integers(1, 2**16)), max_size=5))
def test_maps_are_written_as_the_kernel_reads_them(rows: list[tuple[int, int]]) -> None:
    texts = [str(Range(0, outside, size)) for outside, size in rows]
    assert [tuple(map(int, text.split())) for text in texts] == [(0, *row) for row in rows]
