"""Layers that stores keep: whole or not at all."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tarballs import directory, entry, packed, source

from cloche.errors import ImageError, InvalidSpec, NotFound, Unavailable
from cloche.layers import LayerSource
from cloche_linux.layering.layers import Layers

ARCHIVE = packed(directory("d", uid=3, mode=0o750), entry("d/f", b"1" * 100_000))
LATER = packed(entry("d/g", b"2"), entry(".wh.f"))


@pytest.fixture
def layers(tmp_path: Path) -> Iterator[Layers]:
    made = Layers(str(tmp_path / "home"))
    yield made
    made.close()


def held(tmp_path: Path) -> list[str]:
    """What there is but what is on its way out."""
    place = tmp_path / "home/layers"
    return sorted({*os.listdir(place)} - {".trash"}) if place.exists() else []


def path_of(layers: Layers, wanted: LayerSource) -> Path:
    found = layers.find(wanted)
    assert found is not None
    assert found.kind == "directory"
    assert found.digest == wanted.digest
    assert found.path is not None
    return found.path


def test_a_layer_is_found_when_it_is_unpacked(layers: Layers, tmp_path: Path) -> None:
    assert layers.find(source(ARCHIVE)) is None
    assert layers.unpack(source(ARCHIVE), [ARCHIVE]) == layers.find(source(ARCHIVE))
    assert (path_of(layers, source(ARCHIVE)) / "d/f").stat().st_size == 100_000
    assert layers.unpacked() == [LayerSource(digest=source(ARCHIVE).digest)]
    assert stat.S_IMODE(os.stat(tmp_path / "home/layers").st_mode) == 0o700
    assert stat.S_IMODE(os.stat(path_of(layers, source(ARCHIVE))).st_mode) == 0o755


def test_it_is_the_same_layer_above_any_other(layers: Layers) -> None:
    other = packed(entry("other"))
    layers.unpack(source(ARCHIVE), [ARCHIVE])
    assert layers.find(source(ARCHIVE, other)) == layers.find(source(ARCHIVE))


def test_one_that_is_there_is_not_read_again(layers: Layers) -> None:
    layers.unpack(source(ARCHIVE), [ARCHIVE])

    def unread() -> Iterator[bytes]:
        raise AssertionError("it is there")
        yield b""

    layers.unpack(source(ARCHIVE), unread())


def test_directories_that_nobody_names_are_as_those_below(layers: Layers, tmp_path: Path) -> None:
    """So a layer is another one above others, and needs them."""
    bare = packed(directory("d", mode=0o700, uid=9))
    with pytest.raises(NotFound) as missing:
        layers.unpack(source(LATER, ARCHIVE), [LATER])
    assert missing.value.hint
    assert held(tmp_path) == []
    layers.unpack(source(ARCHIVE), [ARCHIVE])
    layers.unpack(source(bare), [bare])
    for below, mode, uid in ((ARCHIVE, 0o750, 3), (bare, 0o700, 9)):
        layers.unpack(source(LATER, below), [LATER])
        status = os.stat(path_of(layers, source(LATER, below)) / "d")
        assert (stat.S_IMODE(status.st_mode), status.st_uid) == (mode, uid)
    assert layers.find(source(LATER)) is None
    assert source(LATER, ARCHIVE) in layers.unpacked()
    layers.discard(source(LATER, ARCHIVE))
    assert layers.find(source(LATER, ARCHIVE)) is None
    assert layers.find(source(LATER, bare)) is not None


@pytest.mark.parametrize(
    "between", [packed(entry(".wh.d")), packed(entry("d")), packed(entry(".wh..wh..opq"))]
)
def test_what_is_hidden_below_is_not_taken_over(layers: Layers, between: bytes) -> None:
    layers.unpack(source(ARCHIVE), [ARCHIVE])
    layers.unpack(source(between, ARCHIVE), [between])
    layers.unpack(source(LATER, between, ARCHIVE), [LATER])
    status = os.stat(path_of(layers, source(LATER, between, ARCHIVE)) / "d")
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_mtime) == (0o755, 0, 0)


def test_a_discarded_layer_is_gone(layers: Layers, tmp_path: Path) -> None:
    layers.unpack(source(ARCHIVE), [ARCHIVE])
    for _ in range(2):
        layers.discard(source(ARCHIVE))
    assert layers.find(source(ARCHIVE)) is None
    assert layers.unpacked() == []
    layers.close()
    assert os.listdir(tmp_path / "home/layers/.trash") == []
    assert held(tmp_path) == []


def test_after_an_error_nothing_is_left(layers: Layers, tmp_path: Path) -> None:
    for archive in (packed(entry("d/f"), entry("../x")), ARCHIVE[:5000]):
        with pytest.raises(ImageError):
            layers.unpack(source(archive), [archive])
    with pytest.raises(InterruptedError, match="by the wire"):
        layers.unpack(source(ARCHIVE), _broken())
    assert held(tmp_path) == []
    assert layers.find(source(ARCHIVE)) is None


def _broken() -> Iterator[bytes]:
    yield ARCHIVE[:2000]
    raise InterruptedError("by the wire")


@pytest.mark.parametrize("digest", ["", "sha256:", "../x", "sha256:../../x", "sha256:" + "G" * 64])
def test_what_is_no_digest_is_refused(layers: Layers, tmp_path: Path, digest: str) -> None:
    for wanted in (
        LayerSource(digest=digest),
        LayerSource(digest="a:" + "0" * 64, parents=(digest,)),
    ):
        for verb in (layers.find, layers.discard, lambda one: layers.unpack(one, [ARCHIVE])):
            with pytest.raises(InvalidSpec):
                verb(wanted)
    assert held(tmp_path) == []


@pytest.mark.parametrize("options", ["size=64k", "nr_inodes=8"])
def test_on_a_full_disk_nothing_is_left(
    small: Callable[[str], AbstractContextManager[Path]], options: str
) -> None:
    files = packed(*(entry(f"f{number}", b"x" * 5000) for number in range(40)))
    with small(options) as place:
        layers = Layers(str(place / "home"))
        with pytest.raises(Unavailable, match="no space left") as full:
            layers.unpack(source(files), [files])
        assert full.value.remedy
        layers.close()
        assert [name for name in os.listdir(place / "home/layers") if name != ".trash"] == []
        little = packed(entry("f"))
        assert layers.unpack(source(little), [little]).path is not None


UNPACK = """
import sys
from cloche.layers import LayerSource
from cloche_linux.layering.layers import Layers

def chunks():
    yield open(sys.argv[2], "rb").read()
    print("half", flush=True)
    sys.stdin.read()

Layers(sys.argv[1]).unpack(LayerSource(digest="sha256:" + "0" * 64), chunks())
"""


def test_what_a_killed_one_left_goes_with_the_next(layers: Layers, tmp_path: Path) -> None:
    """And not before it was killed: what somebody works on is locked."""
    (tmp_path / "archive").write_bytes(ARCHIVE)
    command = [sys.executable, "-c", UNPACK, tmp_path / "home", tmp_path / "archive"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "half\n"
        (part,) = held(tmp_path)
        layers.unpack(source(ARCHIVE), [ARCHIVE])
        assert part in held(tmp_path)
        os.kill(other.pid, signal.SIGKILL)
    assert part in held(tmp_path)
    layers.unpack(source(LATER, ARCHIVE), [LATER])
    assert not any(name.startswith(".part-") for name in held(tmp_path))


AGAIN = """
import sys
from cloche.layers import LayerSource
from cloche_linux.layering.layers import Layers

archive, layers = open(sys.argv[2], "rb").read(), Layers(sys.argv[1])
source = LayerSource(digest="sha256:" + "0" * 64)
print("begun", flush=True)
while True:
    layers.unpack(source, (archive[at : at + 4096] for at in range(0, len(archive), 4096)))
    layers.discard(source)
"""


@pytest.mark.slow
def test_whenever_it_is_killed_a_layer_is_whole_or_not_there(
    layers: Layers, tmp_path: Path
) -> None:
    """And the next one unpacks it, and leaves nothing of what was."""
    archive = packed(*(entry(f"f{number}", b"x" * 3000) for number in range(200)))
    (tmp_path / "archive").write_bytes(archive)
    wanted = LayerSource(digest=f"sha256:{'0' * 64}")
    command = [sys.executable, "-c", AGAIN, tmp_path / "home", tmp_path / "archive"]
    met = set[str]()
    for number in range(30):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "begun\n"
            time.sleep(random.Random(number).random() * 0.05)
            os.kill(other.pid, signal.SIGKILL)
        met |= {"whole" if name.startswith("sha") else "half" for name in held(tmp_path)}
        if (found := layers.find(wanted)) is not None:
            assert len(os.listdir(str(found.path))) == 200
        assert len(os.listdir(str(layers.unpack(wanted, [archive]).path))) == 200
        layers.discard(wanted)
        layers.unpack(source(ARCHIVE), [ARCHIVE])
        layers.discard(source(ARCHIVE))
        assert held(tmp_path) == []
    assert "half" in met, "it was never killed while it worked"


def test_two_at_once_make_one(layers: Layers, tmp_path: Path) -> None:
    """Callers see to it that this does not happen; if it does, nothing is wrong."""
    another = Layers(str(tmp_path / "home"))

    def chunks() -> Iterator[bytes]:
        yield ARCHIVE[:1000]
        another.unpack(source(ARCHIVE), [ARCHIVE])
        yield ARCHIVE[1000:]

    layers.unpack(source(ARCHIVE), chunks())
    assert held(tmp_path) == [source(ARCHIVE).digest.replace(":", "-")]


def test_no_descriptor_is_kept(layers: Layers) -> None:
    layers.unpack(source(ARCHIVE), [ARCHIVE])
    before = set(os.listdir("/proc/self/fd"))
    bad = packed(entry("a/b/c", b"1" * 1000), entry("x/../y"))
    for archive in (packed(entry("a/b/f"), entry("c/f")), bad, bad[:700], b"\xff" * 512):
        try:
            layers.unpack(source(archive), [archive])
        except ImageError as error:
            assert str(error)  # noqa: PT017 - that some are refused is not the point
    deadline = time.monotonic() + 10
    while set(os.listdir("/proc/self/fd")) != before:  # what was thrown away goes by and by
        assert time.monotonic() < deadline
        time.sleep(0.01)
