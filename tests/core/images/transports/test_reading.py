"""Archives as other programs make them, of today and of years ago."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from layouts.archives import docker_archive, link, pack
from registries import images as made

from cloche.errors import ImageError
from cloche.images.media import LAYER, LAYER_GZIP
from cloche.images.transports import read_archive

BASE = made.archive({"etc/os-release": b"ID=test\n"})
TOP = made.archive({"data": b"x" * 100_000})


def read(other, lease, entries) -> list[Any]:
    return read_archive(io.BytesIO(pack(entries)), other, lease=lease)


def manifest_of(other, named):
    return other.manifest(named.descriptor.digest)


def test_docker_save(other, lease):
    """Each layer in a directory of its own, and manifest.json last."""
    (found,) = read(other, lease, docker_archive(BASE, TOP, tags=["app:1"]))
    assert found.name == "app:1"
    layers = manifest_of(other, found).layers
    assert [each.media_type for each in layers] == [LAYER, LAYER]
    assert [each.digest for each in layers] == [made.digest_of(BASE), made.digest_of(TOP)]
    other.names.set("app:1", found.descriptor)
    assert other.verify() == []


def test_layers_that_are_the_same_are_links(other, lease):
    """docker save has written each layer of several images once, and links for the others."""
    entries = docker_archive(BASE, BASE, tags=["app:1"])
    names = [name for name in entries if name.endswith("layer.tar")]
    entries[names[1]] = link(f"../{names[0]}")
    (found,) = read(other, lease, entries)
    assert [each.digest for each in manifest_of(other, found).layers] == [made.digest_of(BASE)] * 2


def test_layers_may_be_compressed(other, lease):
    """Whoever makes archives outside docker does so; their diffIDs are seen when they unpack."""
    entries = docker_archive(BASE, tags=["app:1"], compress=gzip.compress)
    (found,) = read(other, lease, entries)
    assert [each.media_type for each in manifest_of(other, found).layers] == [LAYER_GZIP]


def test_an_image_may_have_several_names_or_none(other, lease):
    two = read(other, lease, docker_archive(BASE, tags=["app:1", "app:2"]))
    none = read(other, lease, docker_archive(TOP, tags=None))
    assert [each.name for each in (*two, *none)] == ["app:1", "app:2", None]


def layout_entries(image: made.Image, annotations: Mapping[str, str] | None) -> dict[str, Any]:
    entry = {**image.descriptor, "annotations": annotations}
    entry.pop("platform", None)
    blobs = {**image.blobs, image.digest: image.data}
    entries: dict[str, Any] = {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(),
    }
    return entries | {f"blobs/{digest.replace(':', '/')}": data for digest, data in blobs.items()}


@pytest.mark.parametrize(
    ("annotations", "name"),
    [
        ({"org.opencontainers.image.ref.name": "localhost/app:1"}, "localhost/app:1"),
        (
            {
                "org.opencontainers.image.ref.name": "1",
                "io.containerd.image.name": "docker.io/library/app:1",
            },
            "docker.io/library/app:1",
        ),
        (None, None),
    ],
)
def test_names_of_layouts(other, lease, annotations, name):
    image = made.image(BASE)
    (found,) = read(other, lease, layout_entries(image, annotations))
    assert found.name == name


def test_an_archive_of_docker_25_is_a_layout(other, lease):
    """manifest.json says the same for older readers; the manifest that counts is the maker's."""
    image = made.image(BASE, TOP)
    entries = layout_entries(image, None) | docker_archive(BASE, TOP, tags=["app:1"])
    (found,) = read(other, lease, entries)
    assert found.descriptor.digest == image.digest


@pytest.mark.parametrize("backwards", [False, True])
def test_blobs_come_in_any_order(other, lease, backwards):
    image = made.image(BASE, TOP)
    entries = list(layout_entries(image, None).items())
    (found,) = read(other, lease, dict(entries[::-1] if backwards else entries))
    assert found.descriptor.digest == image.digest


def test_blobs_of_sha512(other, lease):
    def sha512(data: bytes) -> str:
        return f"sha512:{hashlib.sha512(data).hexdigest()}"

    layer = gzip.compress(BASE)
    rootfs = {"type": "layers", "diff_ids": [made.digest_of(BASE)]}
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": rootfs}).encode()
    parts = [
        {"mediaType": media, "digest": sha512(data), "size": len(data)}
        for media, data in ((made.TYPES["config"], config), (made.TYPES["layer"], layer))
    ]
    manifest = json.dumps({"schemaVersion": 2, "config": parts[0], "layers": parts[1:]}).encode()
    image = made.Image(
        manifest, made.TYPES["manifest"], {sha512(data): data for data in (config, layer)}
    )
    (found,) = read(other, lease, layout_entries(image, None))
    assert other.has(sha512(layer))
    other.names.set("x:1", found.descriptor)
    assert other.verify() == []


def test_files_that_are_nobodys_do_no_harm(other, lease):
    """They are passed over, and go when somebody collects."""
    image = made.image(BASE)
    strange = {"blobs/x.tar": b"x", "blobs/a/b/c.tar": b"x", "y.tar": b"y", "z": b"z"}
    (found,) = read(other, lease, layout_entries(image, None) | strange)
    other.names.set("x:1", found.descriptor)
    assert other.verify() == []
    lease.close()
    assert set(other.collect().removed) == {made.digest_of(b"x"), made.digest_of(b"y")}


def test_what_a_killed_reader_left_is_not_believed(other, lease):
    """A pipe can't be read twice, so a blob begins anew."""
    image = made.image(BASE, made.archive({"f": bytes(5_000_000)}))
    for digest, data in image.blobs.items():
        Path(other.layout.home).mkdir(exist_ok=True, mode=0o700)
        other.layout.make()
        Path(other.layout.part(digest)).write_bytes(b"?" * (len(data) // 2))
    (found,) = read(other, lease, layout_entries(image, None))
    other.names.set("x:1", found.descriptor)
    assert other.verify() == []


def test_a_directory_without_images_is_none(other, lease, tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(ImageError, match="neither an oci-layout"):
        read_archive(tmp_path / "x", other, lease=lease)


def test_archives_of_every_dialect_of_tar(other, lease):
    image = made.image(BASE, TOP)
    for dialect in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        data = pack(layout_entries(image, None), format=dialect)
        (found,) = read_archive(io.BytesIO(data), other, lease=lease)
        assert found.descriptor.digest == image.digest
