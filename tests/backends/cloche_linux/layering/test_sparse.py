"""Sparse files of every format: what is a hole stays one, what is data is where it was."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tarballs import entry, header, packed, record, unpacked, with_records

from cloche.errors import ImageError

FORMATS = {
    "old": ["--format=gnu"],
    "0.0": ["--format=pax", "--sparse-version=0.0"],
    "0.1": ["--format=pax", "--sparse-version=0.1"],
    "1.0": ["--format=pax", "--sparse-version=1.0"],
}


def sparse(path: Path, parts: list[tuple[int, bytes]], size: int) -> None:
    with open(path, "wb") as file:
        for offset, data in parts:
            os.pwrite(file.fileno(), data, offset)
        file.truncate(size)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 30, 200])
@pytest.mark.parametrize("form", FORMATS)
def test_gnu_tars_are_understood(tmp_path: Path, form: str, count: int) -> None:
    """Few parts fit a header, more need further ones."""
    (tmp_path / "from").mkdir()
    parts = [(number * 65536 * 2, bytes([number + 1]) * 4096) for number in range(count)]
    sparse(tmp_path / "from/f", parts, (count + 1) * 131072 + 5)
    command = ["tar", "-C", tmp_path / "from", "-S", *FORMATS[form], "-cf", tmp_path / "t", "f"]
    subprocess.run(command, check=True)
    archive = (tmp_path / "t").read_bytes()
    assert len(archive) < (count + 1) * 131072 / 2
    for step in (1 << 20, 300):
        top = tmp_path / f"layer{step}"
        unpacked(top, (archive[at : at + step] for at in range(0, len(archive), step)))
        assert os.listdir(top) == ["f"]
        assert (top / "f").read_bytes() == (tmp_path / "from/f").read_bytes()
        assert os.stat(top / "f").st_blocks <= os.stat(tmp_path / "from/f").st_blocks


def old(extents: bytes, size: int, real: int) -> bytes:
    info, _ = entry("f", bytes(size), kind=b"S")
    return header(info, {257: b"ustar  \0", 386: extents, 483: b"%011o\0" % real})


def extent(offset: int, size: int) -> bytes:
    return b"%011o\0%011o\0" % (offset, size)


@pytest.mark.parametrize(
    ("extents", "size", "real"),
    [
        (extent(0, 512) + extent(256, 512), 1024, 2048),
        (extent(512, 512) + extent(0, 512), 1024, 2048),
        (extent(0, 512), 512, 100),
        (extent(1 << 32, 512), 512, 100),
        (extent(0, 1024), 512, 2048),
        (extent(0, 256), 512, 2048),
        (b"\xff" * 24, 512, 2048),
        (b"x" * 24, 512, 2048),
    ],
)
def test_a_map_that_does_not_fit_is_refused(
    tmp_path: Path, extents: bytes, size: int, real: int
) -> None:
    with pytest.raises(ImageError, match="sparse map"):
        unpacked(tmp_path / "layer", packed(old(extents, size, real), bytes(size)))


@pytest.mark.parametrize(
    "lines", [b"x\n", b"1\n0\n\n", b"1\n0\n-5\n", b"9" * 30, b"\n", b"2\n0\n5\n"]
)
def test_a_map_before_the_data_is_whole(tmp_path: Path, lines: bytes) -> None:
    records = record("GNU.sparse.major", b"1") + record("GNU.sparse.minor", b"0")
    records += record("GNU.sparse.realsize", b"600") + record("GNU.sparse.name", b"f")
    archive = with_records(records, entry("f", lines + bytes(512 - len(lines))))
    with pytest.raises(ImageError, match="sparse map"):
        unpacked(tmp_path / "layer", archive)


def test_a_map_has_so_many_parts(tmp_path: Path) -> None:
    records = record("GNU.sparse.major", b"1") + record("GNU.sparse.realsize", b"600")
    archive = with_records(records, entry("f", b"999999\n" + bytes(505)))
    with pytest.raises(ImageError, match="more than 262144 parts"):
        unpacked(tmp_path / "layer", archive)
