"""A root file system becomes an image: from an archive, a pipe or a directory."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import socket
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from layouts.keeping import remains
from layouts.rules import faults
from registries import images as made

from cloche.errors import ImageError, NotFound
from cloche.images.image_config import ContainerConfig, History, ImageConfig, RootFS
from cloche.images.media import LAYER_GZIP, LAYER_ZSTD
from cloche.images.transports import add_layer, assemble, import_layer

ROOT = made.archive({"bin/true": b"#!", "etc/hostname": b"h\n", "lib": "usr/lib"})


def unpacked(other, layer) -> bytes:
    """The uncompressed archive of a layer, whose diffID is checked."""
    with other.open(layer.descriptor.digest) as file:
        data = file.read()
    plain = zstandard.decompress(data) if data[:4] == b"\x28\xb5\x2f\xfd" else gzip.decompress(data)
    assert layer.diff_id == made.digest_of(plain)
    return plain


@pytest.mark.parametrize(
    ("compress", "kind"),
    [(bytes, LAYER_GZIP), (gzip.compress, LAYER_GZIP), (zstandard.compress, LAYER_ZSTD)],
    ids=["plain", "gzip", "zstd"],
)
@pytest.mark.parametrize("pipe", [False, True], ids=["file", "pipe"])
def test_from_an_archive(other, lease, tmp_path, compress: Callable, kind, pipe):
    """What is compressed is kept as it is."""
    data = compress(ROOT)
    if pipe:
        layer = import_layer(io.BytesIO(data), other, lease=lease)
    else:
        (tmp_path / "root.tar").write_bytes(data)
        layer = import_layer(tmp_path / "root.tar", other, lease=lease)
    assert layer.descriptor.media_type == kind
    assert unpacked(other, layer) == ROOT
    if compress is not bytes:
        assert layer.descriptor.digest == made.digest_of(data)


def test_the_same_archive_makes_the_same_layer(other, lease):
    layers = [import_layer(io.BytesIO(ROOT), other, lease=lease) for _ in range(2)]
    assert layers[0] == layers[1]


def test_what_stands_behind_the_end_belongs_to_it(other, lease):
    """The diffID is that of all bytes, whatever they mean."""
    layer = import_layer(io.BytesIO(ROOT + b"behind" * 1000), other, lease=lease)
    assert unpacked(other, layer) == ROOT + b"behind" * 1000


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize("end", [700, len(ROOT.rstrip(b"\0")) - 3])
def test_an_archive_that_is_cut_short_leaves_nothing(other, lease, compress: Callable, end):
    with pytest.raises(ImageError, match="the input: the archive ends too early"):
        import_layer(io.BytesIO(compress(ROOT[:end])), other, lease=lease)
    lease.close()
    assert remains(other) == []


@pytest.mark.parametrize("data", [b"", b"no archive" * 100, gzip.compress(ROOT)[:-9]])
def test_what_is_no_archive_leaves_nothing(other, lease, data):
    with pytest.raises(ImageError):
        import_layer(io.BytesIO(data), other, lease=lease)
    lease.close()
    assert remains(other) == []


def test_what_is_not_there_is_not_found(other, lease, tmp_path):
    with pytest.raises(NotFound, match="does not exist"):
        import_layer(tmp_path / "none", other, lease=lease)


def test_layers_and_a_configuration_make_an_image(other, lease, tmp_path):
    layers = [import_layer(io.BytesIO(ROOT), other, lease=lease)]
    layers.append(add_layer(iter([made.archive({"new": b"x"})]), other, lease=lease))
    config = ImageConfig(
        architecture="amd64",
        os="linux",
        created="2024-01-02T03:04:05Z",
        config=ContainerConfig(cmd=("/bin/true",), env=("A=b",)),
        rootfs=RootFS(diff_ids=tuple(layer.diff_id for layer in layers)),
        history=(History(created_by="import"), History(comment="commit")),
    )
    image = assemble([layer.descriptor for layer in layers], config, other, lease=lease)
    other.names.set("a:1", image)
    lease.close()
    assert other.collect().removed == ()
    assert other.verify() == []
    assert faults(Path(other.layout.home)) == []


@pytest.fixture
def tree(tmp_path) -> Path:
    """A directory with one of everything that an unprivileged user can make, and attributes."""
    root = tmp_path / "tree"
    (root / "etc/deep").mkdir(parents=True)
    (root / "etc/passwd").write_bytes(b"root:x:0:0\n")
    (root / "etc/deep/big").write_bytes(os.urandom(700_000))
    os.link(root / "etc/passwd", root / "passwd")
    os.symlink("../../outside", root / "etc/link")
    os.mkfifo(root / "fifo")
    (root / "naïve \udcff").write_bytes(b"")
    (root / "set").write_bytes(b"x")
    os.chmod(root / "set", 0o4755)
    os.utime(root / "set", (1, 1_000_000_000))
    os.setxattr(root / "set", "user.note", b"\xff\x00binary")
    (tmp_path / "outside").write_bytes(b"secret")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "socket"))
    return root


def listing(archive: bytes) -> dict[str, Any]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        return {m.name: (m, m.isreg() and tar.extractfile(m).read()) for m in tar}


def test_from_a_directory(other, lease, tree):
    found = listing(unpacked(other, import_layer(tree, other, lease=lease)))
    assert list(found) == [
        *("etc", "etc/deep", "etc/deep/big", "etc/link", "etc/passwd"),
        *("fifo", "naïve \udcff", "passwd", "set"),
    ]
    assert found["etc/link"][0].linkname == "../../outside"
    assert (found["passwd"][0].type, found["passwd"][0].linkname) == (tarfile.LNKTYPE, "etc/passwd")
    assert found["etc/deep/big"][1] == (tree / "etc/deep/big").read_bytes()
    special = found["set"][0]
    assert (special.mode, special.mtime, special.uid) == (0o4755, 1_000_000_000, os.getuid())
    value = special.pax_headers["SCHILY.xattr.user.note"].encode("utf-8", "surrogateescape")
    assert value == b"\xff\x00binary"


def test_gnu_tar_unpacks_it_to_the_same(other, lease, tree, tmp_path):
    archive = unpacked(other, import_layer(tree, other, lease=lease))
    (tmp_path / "copy").mkdir()
    command = ["tar", "-xp", "--xattrs", "--xattrs-include=*", "-C", str(tmp_path / "copy")]
    subprocess.run(command, input=archive, check=True)
    (tree / "socket").unlink()
    assert facts(tmp_path / "copy") == facts(tree)


def facts(root: Path) -> dict[str, tuple]:
    found = {}
    for path in root.rglob("*"):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        digest = hashlib.sha256(content).hexdigest()
        target = os.readlink(path) if path.is_symlink() else None
        time = None if path.is_symlink() else int(status.st_mtime)
        attributes = os.listxattr(path, follow_symlinks=False)
        links = status.st_nlink if path.is_file() else None
        kept = status.st_mode, status.st_uid, status.st_gid
        found[str(path.relative_to(root))] = (kept, digest, target, time, attributes, links)
    return found


def test_the_same_directory_makes_the_same_layer(other, lease, tree):
    layers = [import_layer(tree, other, lease=lease) for _ in range(2)]
    assert layers[0] == layers[1]


def test_an_empty_directory_is_an_empty_layer(other, lease, tmp_path):
    (tmp_path / "empty").mkdir()
    layer = import_layer(tmp_path / "empty", other, lease=lease)
    assert listing(unpacked(other, layer)) == {}
    assert len(unpacked(other, layer)) == 10240
