"""The untar under the sanitizers: what it is given may be anything."""

from __future__ import annotations

import os
import struct
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tarballs import directory, entry, hardlink, header, packed, record, symlink, with_records

pytestmark = pytest.mark.slow
ROUNDS = int(os.environ.get("CLOCHE_FUZZ_ROUNDS", "15"))
#: 0, and what an archive may be to blame for: EBADMSG, ENAMETOOLONG, ELOOP, ENOTDIR, EMLINK,
#: EOVERFLOW.
KNOWN = {0, 74, 36, 40, 20, 31, 75}
Run = Callable[[Path, Sequence[tuple[bytes, int]]], subprocess.CompletedProcess[bytes]]

NAMES = st.sampled_from(
    [
        "a",
        "b",
        "a/b",
        "a/b/c",
        "./a",
        "/a",
        "../x",
        "a/../b",
        "way",
        "way/x",
        ".wh.a",
        "a/.wh.b",
        ".wh..wh..opq",
        "a/.wh..wh..opq",
        ".",
        "e/",
        ".wh..wh.plnk",
    ]
) | st.sampled_from(["", "n" * 101, "d/" * 60 + "f"])
KINDS = st.sampled_from([b"0", b"\0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"S", b"Z"])
KEYS = st.sampled_from(
    [
        "path",
        "linkpath",
        "size",
        "uid",
        "gid",
        "mtime",
        "comment",
        "SCHILY.xattr.user.a",
        "LIBARCHIVE.xattr.user.%41",
        "SCHILY.xattr.trusted.overlay.opaque",
        "GNU.sparse.map",
        "GNU.sparse.major",
        "GNU.sparse.minor",
        "GNU.sparse.name",
        "GNU.sparse.realsize",
        "GNU.sparse.size",
        "GNU.sparse.offset",
        "GNU.sparse.numbytes",
        "GNU.sparse.numblocks",
    ]
)
VALUES = st.one_of(
    st.sampled_from([b"1", b"0", b"512", b"a/b", b"-1", b"0,1,600,20", b"18446744073709551615"]),
    st.binary(max_size=40),
)


@pytest.fixture(scope="module")
def build(compiler, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    out = tmp_path_factory.mktemp("untar")
    built: dict[tuple[str, ...], Path] = {}

    def build(*defines: str) -> Path:
        if defines not in built:
            built[defines] = compiler.build_sanitized_untar(out, *defines)
        return built[defines]

    return build


def run(
    program: Path, place: Path, archives: Sequence[tuple[bytes, int]]
) -> subprocess.CompletedProcess[bytes]:
    """Unpack archives, each in pieces of its size, beneath a directory."""
    text = b"".join(struct.pack("<QQ", len(data), size) + data for data, size in archives)
    return subprocess.run([program, place], input=text, capture_output=True, check=False)


@st.composite
def entries(draw: st.DrawFn) -> bytes:
    """One entry that could be, with its extended header if it has one."""
    content = draw(st.binary(max_size=1500))
    kind = draw(KINDS)
    data = content if kind in (b"0", b"\0", b"7", b"S") else b""
    info, _ = entry(draw(NAMES)[:100], data, kind=kind, to=draw(NAMES)[:100])
    info.devmajor, info.devminor = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    made = header(info) + data + bytes(-len(data) % 512)
    records = b"".join(record(key, draw(VALUES)) for key in draw(st.lists(KEYS, max_size=4)))
    extension = draw(st.sampled_from([b"x", b"x", b"g", b"L", b"K"]))
    if records:
        return with_records(records, made, kind=extension)[:-1024]
    return made


@st.composite
def archives(draw: st.DrawFn) -> tuple[bytes, int]:
    """Entries, some bytes changed after that, some headers made right again, in pieces."""
    data = bytearray(b"".join(draw(st.lists(entries(), min_size=1, max_size=6))) + bytes(1024))
    changes = draw(
        st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=6)
    )
    for place, byte in changes:
        data[place] = byte
        block = place - place % 512
        if byte % 4:
            data[block : block + 512] = _right(data[block : block + 512])
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data), draw(
        st.sampled_from([1, 13, 512, 700, 1 << 16])
    )


def _right(block: bytearray) -> bytes:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@given(st.data())
@settings(
    max_examples=ROUNDS, deadline=None, suppress_health_check=[*HealthCheck], print_blob=False
)
def test_no_archive_makes_it_do_what_is_undefined(
    build: Callable[..., Path], data: st.DataObject
) -> None:
    """Nor write outside, nor answer what nobody can explain; leaks are looked for, too."""
    batch = data.draw(st.lists(archives(), min_size=10, max_size=30))
    with TemporaryDirectory() as name:
        jail = Path(name)
        (jail / "work").mkdir()
        done = run(build(), jail / "work", batch)
        assert done.stderr == b""
        assert done.returncode == 0
        answers = [int(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(batch)
        assert set(answers) <= KNOWN
        assert os.listdir(jail) == ["work"]


def test_whole_archives_are_unpacked_by_it(build: Callable[..., Path], tmp_path: Path) -> None:
    """The control: it is the untar, and it runs."""
    archive = packed(directory("d"), entry("d/f", b"1"), symlink("l", "d"), hardlink("h", "d/f"))
    device = packed(entry("null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3))
    done = run(build(), tmp_path, [(archive, 3), (device, 512)])
    assert done.stdout == b"0\n0\n"
    assert (tmp_path / "0/h").read_bytes() == b"1"
    assert (tmp_path / "1/null").is_char_device()


def test_the_sanitizers_would_see_it(build: Callable[..., Path], tmp_path: Path) -> None:
    """The control: with a check of lengths loosened, they find it."""
    archive = with_records(b"9999 comment=x\n", entry("f"))
    assert run(build(), tmp_path, [(archive, 512)]).returncode == 0
    done = run(build("PLANTED_BUG"), tmp_path, [(archive, 512)])
    assert done.returncode != 0
    assert b"AddressSanitizer" in done.stderr
