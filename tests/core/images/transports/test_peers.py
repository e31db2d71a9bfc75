"""skopeo and podman read what we write, and we read what they write."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from layouts.keeping import keep
from registries import images as made

from cloche.images.transports import Named, read_archive, write_archive

pytestmark = pytest.mark.slow
NAME = "docker.io/library/app:1"
SKOPEO = {"docker-archive": "docker-archive", "oci-archive": "oci-archive", "oci": "oci"}


def skopeo(*arguments: str) -> str:
    return subprocess.check_output(["skopeo", "--insecure-policy", *arguments], text=True)


@pytest.fixture
def podman() -> Iterator[Callable[..., str]]:
    """A podman with a place of its own, whose name may not be long."""
    place = Path(tempfile.mkdtemp())
    options = [
        *("--root", str(place / "root"), "--runroot", str(place / "run")),
        *("--storage-driver", "vfs", "--tmpdir", str(place / "tmp")),
    ]

    def run(*arguments: str, feed: Callable[[BinaryIO], None] | None = None) -> str:
        process = subprocess.Popen(
            ["podman", *options, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with process, process.stdin as stdin:
            if feed is not None:
                feed(stdin)
            stdin.close()
            said = process.stdout.read().decode()
        assert process.returncode == 0
        return said

    yield run
    subprocess.run(["podman", *options, "system", "reset", "--force"], capture_output=True)
    shutil.rmtree(place)


@pytest.fixture
def busybox() -> made.Image:
    return made.busybox()


def diff_ids(image: made.Image) -> list[str]:
    """What stays the same however layers are compressed on the way."""
    config = next(data for data in image.blobs.values() if data.startswith(b"{"))
    return json.loads(config)["rootfs"]["diff_ids"]


@pytest.mark.parametrize("format", SKOPEO)
def test_skopeo_reads_what_we_write(content, busybox, tmp_path, format):
    path = tmp_path / "out"
    write_archive(content, [Named(NAME, keep(content, busybox))], path, format=format)
    source = f"{SKOPEO[format]}:{path}:{NAME}"
    config = json.loads(skopeo("inspect", "--config", source))
    assert config["rootfs"]["diff_ids"] == diff_ids(busybox)
    assert config["config"]["Cmd"] == ["/bin/echo", "hello"]
    skopeo("copy", source, f"dir:{tmp_path / 'copied'}")
    layers = json.loads((tmp_path / "copied/manifest.json").read_text())["layers"]
    assert len(layers) == 1


@pytest.mark.parametrize("format", SKOPEO)
def test_we_read_what_skopeo_writes(content, other, lease, busybox, tmp_path, format):
    keep(content, busybox, NAME)
    target = f"{SKOPEO[format]}:{tmp_path / 'out'}:{NAME}"
    skopeo("copy", f"oci:{content.layout.home}:{NAME}", target)
    (found,) = read_archive(tmp_path / "out", other, lease=lease)
    assert found.name in (NAME, "app:1")
    manifest = other.manifest(found.descriptor.digest)
    config = json.loads(other.read(manifest.config.digest, 10**6))
    assert config["rootfs"]["diff_ids"] == diff_ids(busybox)
    other.names.set(NAME, found.descriptor)
    assert other.verify() == []


@pytest.mark.parametrize("format", ["docker-archive", "oci-archive"])
def test_podman_loads_and_runs_what_we_write(content, busybox, tmp_path, podman, format):
    path = tmp_path / "out.tar"
    write_archive(content, [Named(NAME, keep(content, busybox))], path, format=format)
    assert NAME in podman("load", "--input", str(path))
    (found,) = json.loads(podman("image", "inspect", NAME))
    assert found["RootFS"]["Layers"] == diff_ids(busybox)
    assert found["Config"]["Cmd"] == ["/bin/echo", "hello"]


def test_podman_loads_from_a_pipe(content, busybox, podman):
    named = [Named(NAME, keep(content, busybox))]
    assert NAME in podman("load", feed=lambda pipe: write_archive(content, named, pipe))


@pytest.mark.parametrize("format", ["docker-archive", "oci-archive", "oci-dir"])
def test_we_read_what_podman_saves(content, other, lease, busybox, tmp_path, podman, format):
    path, out = tmp_path / "in.tar", tmp_path / "saved"
    write_archive(content, [Named(NAME, keep(content, busybox))], path)
    podman("load", "--input", str(path))
    podman("save", "--format", format, "--output", str(out), NAME)
    (found,) = read_archive(out, other, lease=lease)
    manifest = other.manifest(found.descriptor.digest)
    config = json.loads(other.read(manifest.config.digest, 10**6))
    assert config["rootfs"]["diff_ids"] == diff_ids(busybox)
    assert found.name in (NAME, None)


def test_several_images_at_once(content, other, lease, busybox, tmp_path, podman):
    small = made.image(made.archive({"x": b"x"}))
    named = [Named(NAME, keep(content, busybox)), Named("localhost/b:2", keep(content, small))]
    path = tmp_path / "two.tar"
    write_archive(content, named, path)
    podman("load", "--input", str(path))
    out = tmp_path / "saved.tar"
    podman("save", "--multi-image-archive", "--output", str(out), NAME, "localhost/b:2")
    found = {each.name for each in read_archive(out, other, lease=lease)}
    assert found == {NAME, "localhost/b:2"}
