"""Archives that were made to do harm, or were damaged: an error that names the entry, no trace."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from layouts.archives import docker_archive, link, pack
from layouts.keeping import keep, remains
from registries import images as made

from cloche.errors import ImageError
from cloche.images.transports import Named, read_archive, write_archive

IMAGE = made.image(made.archive({"f": b"x" * 5000}), made.archive({"g": os.urandom(9000)}))
LAYER = list(IMAGE.blobs)[1]


def blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def entries() -> list[tuple[str, Any]]:
    """A good layout; its blobs first, so that they are kept before the fault is seen."""
    blobs = {**IMAGE.blobs, IMAGE.digest: IMAGE.data}
    index = {"schemaVersion": 2, "manifests": [IMAGE.descriptor]}
    return [
        *((blob(digest), data) for digest, data in blobs.items()),
        ("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'),
        ("index.json", json.dumps(index).encode()),
    ]


def changed(name: str, content: Any) -> bytes:
    return pack([(n, content if n == name else c) for n, c in entries() if content or n != name])


def added(name: str, content: Any) -> bytes:
    return pack([*entries(), (name, content)])


def index_with(**change: Any) -> bytes:
    entry = {**IMAGE.descriptor, **change}
    return changed("index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode())


def extended(key: str, value: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.pax_headers = {key: value}
    return info


def docker_with(**change: Any) -> bytes:
    found = docker_archive(made.archive({"f": b"x" * 5000}), tags=["x:1"])
    (image,) = json.loads(found["manifest.json"])
    return pack({**found, "manifest.json": json.dumps([{**image, **change}]).encode()})


def docker_with_changed(ending: str, content: bytes) -> bytes:
    found = docker_archive(made.archive({"f": b"x" * 5000}), tags=["x:1"])
    return pack({name: content if name.endswith(ending) else c for name, c in found.items()})


def many(count: int, length: int) -> bytes:
    return pack([(f"{n:05}{'x' * length}", b"") for n in range(count)])


WHOLE = pack(entries())
HOSTILE: dict[str, tuple[bytes, str]] = {
    "an absolute name": (added("/etc/cron.d/x", b"x"), "'/etc/cron.d/x': is no name of an entry"),
    "a name that leads out": (added("blobs/../../x", b"x"), "'blobs/../../x': is no name"),
    "an empty name": (added("", b"x"), "'': is no name of an entry"),
    "a name with an end in it": (added("x", extended("path", "x\0y")), "'x y': is no name"),
    "a link that leads out": (added("x", link("../etc/passwd")), "x: is a link that leads out"),
    "a link to what is above": (added("x", link("..")), "x: is a link that leads out"),
    "an absolute link": (added("x", link("/etc/passwd")), "x: is a link that leads out"),
    "a hard link that leads out": (
        added("a/x", link("../etc/passwd", tarfile.LNKTYPE)),
        "a/x: is a link that leads out",
    ),
    "a link to itself": (
        pack([(n, link("index.json") if n == "index.json" else c) for n, c in entries()]),
        "index.json: there are too many links",
    ),
    "a device": (added("x", link("", tarfile.CHRTYPE)), "x: is neither a file nor a directory"),
    "a FIFO": (added("x", link("", tarfile.FIFOTYPE)), "x: is neither a file nor a directory"),
    "a sparse file of a billion gigabytes": (
        added("x", extended("GNU.sparse.size", "9" * 18)),
        "x: is neither a file",
    ),
    "the same name twice": (added("index.json", b"{}"), "index.json: is there twice"),
    "the same name by another way": (added("./index.json", b"{}"), "index.json: is there twice"),
    "too many entries": (many(20_001, 1), "there are too many entries before it"),
    "names that are too long": (many(20, 1_000_000), "there are too many entries before it"),
    "a huge document": (changed("index.json", b" " * 5_000_000), "index.json: has 5000000 bytes"),
    "a document of depth": (
        changed("index.json", b'{"schemaVersion":2,"manifests":' + b"[" * 100_000),
        "nested too deeply|not JSON",
    ),
    "no JSON": (changed("index.json", b"{"), "not JSON"),
    "no index": (changed("index.json", None), "index.json: is missing"),
    "another version": (changed("oci-layout", b'{"imageLayoutVersion":"2"}'), "must be 1.0.0"),
    "a missing layer": (changed(blob(LAYER), None), f"{blob(LAYER)}: is missing"),
    "a missing manifest": (changed(blob(IMAGE.digest), None), f"{blob(IMAGE.digest)}: is missing"),
    "another layer": (changed(blob(LAYER), b"\x1f" * 9000), f"{blob(LAYER)}: .*instead of"),
    "another manifest": (
        changed(blob(IMAGE.digest), IMAGE.data.replace(b"config", b"Config")),
        blob(IMAGE.digest),
    ),
    "a digest that is none": (index_with(digest="sha256:../../etc"), "not a digest"),
    "a size that is none": (index_with(size=-1), "size"),
    "another size": (index_with(size=7), f"{blob(IMAGE.digest)}: has .* instead of 7"),
    "another media type": (index_with(mediaType=made.TYPES["index"]), blob(IMAGE.digest)),
    "cut in a file": (WHOLE[: len(WHOLE) // 3], "the archive ends too early"),
    "cut in a header": (WHOLE[:700], "the archive ends too early"),
    "cut before its end": (WHOLE.rstrip(b"\0") + b"\0" * 400, "the archive ends too early"),
    "cut gzip": (gzip.compress(WHOLE)[:-3000], "ends in the middle|damaged"),
    "damaged gzip": (
        gzip.compress(WHOLE)[:3000] + b"?" * 3000,
        "damaged|no tar|ends in the middle",
    ),
    "no archive": (b"hello" * 1000, "this is no tar archive"),
    "nothing": (b"", "the archive ends too early"),
    "docker: a missing layer": (docker_with(Layers=["no.tar"]), "no.tar: is missing"),
    "docker: more layers": (docker_with(Layers=["x", "y"]), "2 layers, but .* has 1"),
    "docker: a way out": (docker_with(Config="../x"), "'../x': is no name"),
    "docker: a number": (docker_with(Config=7), "Config: is no string"),
    "docker: other layers": (docker_with(Layers=7), "is no array of strings"),
    "docker: another layer": (
        docker_with_changed("layer.tar", made.archive({"f": b"y"})),
        "layer.tar: its content has another digest",
    ),
    "docker: another configuration": (
        docker_with_changed(".json", b'{"os":"linux"}'),
        "manifest.json: is no array|has another digest",
    ),
    "docker: no array": (docker_with_changed("manifest.json", b"{}"), "is no array of objects"),
    "docker: no JSON": (docker_with_changed("manifest.json", b"[" * 99_999), "is not JSON"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_it_is_refused_and_leaves_nothing(case, other, lease):
    data, message = HOSTILE[case]
    with pytest.raises(ImageError, match=message):
        read_archive(io.BytesIO(data), other, lease=lease)
    lease.close()
    assert remains(other) == []


def test_the_archive_that_they_are_made_of_is_good(other, lease):
    assert len(read_archive(io.BytesIO(WHOLE), other, lease=lease)) == 1


@pytest.mark.parametrize("case", ["cut in a file", "another size", "docker: another layer"])
def test_what_was_there_before_stays(case, other, lease):
    """A hostile archive takes nothing away by bringing it once more."""
    keep(other, IMAGE)
    good = [each for each in remains(other) if not each.startswith("leases/")]
    with pytest.raises(ImageError):
        read_archive(io.BytesIO(HOSTILE[case][0]), other, lease=lease)
    lease.close()
    assert remains(other) == good


@pytest.fixture
def layout(content, tmp_path) -> Path:
    path = tmp_path / "layout"
    write_archive(content, [Named("x:1", keep(content, IMAGE))], path, format="oci")
    return path


@pytest.mark.parametrize("what", ["link", "fifo", "missing", "damaged", "longer", "link above"])
def test_directories_are_believed_no_more_than_archives(what, layout, other, lease, tmp_path):
    path = layout / blob(LAYER)
    data = path.read_bytes()
    path.unlink()
    if what == "link":
        (tmp_path / "elsewhere").write_bytes(data)
        path.symlink_to(tmp_path / "elsewhere")
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "damaged":
        path.write_bytes(data[:-1] + b"?")
    elif what == "longer":
        path.write_bytes(data + b"?")
    elif what == "link above":
        path.write_bytes(data)
        path.parent.rename(tmp_path / "elsewhere")
        (layout / "blobs/sha256").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ImageError, match="blobs/sha256/"):
        read_archive(layout, other, lease=lease)
    lease.close()
    assert remains(other) == []


def test_what_is_referred_to_again_and_again_is_read_once(content, other, lease, tmp_path):
    """Four indexes in one another, each a thousand times: a million millions of ways."""
    top = IMAGE
    for _ in range(4):
        top = made.index(*[top] * 1000)
    described = keep(content, made.Image(top.data, top.media_type, children=()))
    nested = top
    while nested.children:
        keep(content, made.Image(nested.data, nested.media_type))
        nested = nested.children[0]
    keep(content, IMAGE)
    content.names.set("a:1", described)
    assert content.verify() == []
    write_archive(content, [Named("a:1", described)], tmp_path / "x", format="oci")
    (found,) = read_archive(tmp_path / "x", other, lease=lease)
    assert found.descriptor.digest == top.digest
    assert other.collect().removed == ()
