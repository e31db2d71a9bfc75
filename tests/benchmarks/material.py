"""An image like those that people have: five layers of this machine's own software, gzip'd."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["NAME", "make_image"]

NAME = "localhost/bench:1"
LAYERS = 5
#: Uncompressed, of all layers together.
SIZE = 300_000_000
_TYPES = "application/vnd.oci.image"
#: Libraries, programs, headers, documentation: as it is installed.
_SOURCES = ("usr/lib", "usr/bin", "usr/include", "usr/share")
_BIGGEST = 4_000_000


def make_image(folder: Path, *, tiny: bool) -> tuple[Path, Path]:
    """Make it, as an image layout and as an archive of that."""
    layout, archive = folder / "layout", folder / "image.tar"
    (layout / "blobs/sha256").mkdir(parents=True)
    layers = [_layer(files) for files in _parts(SIZE // 1000 if tiny else SIZE)]
    packed = [gzip.compress(layer, 6, mtime=0) for layer in layers]
    rootfs = {"type": "layers", "diff_ids": [_digest(layer) for layer in layers]}
    platform = {"os": "linux", "architecture": "amd64"}
    config = json.dumps({**platform, "config": {"Cmd": ["/bin/true"]}, "rootfs": rootfs}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_TYPES}.manifest.v1+json",
        "config": _keep(layout, f"{_TYPES}.config.v1+json", config),
        "layers": [_keep(layout, f"{_TYPES}.layer.v1.tar+gzip", each) for each in packed],
    }
    described = _keep(layout, manifest["mediaType"], json.dumps(manifest).encode())
    named = {**described, "annotations": {"org.opencontainers.image.ref.name": NAME}}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    subprocess.run(["tar", "-cf", archive, "-C", layout, "."], check=True)
    return layout, archive


def _parts(size: int) -> Iterator[Sequence[Path]]:
    """Files for each layer, every so manieth, so that all layers are alike."""
    chosen, left = [], size
    for path in _files():
        if left <= 0:
            break
        chosen.append(path)
        left -= path.stat().st_size
    for number in range(LAYERS):
        yield chosen[number::LAYERS]


def _files() -> Iterator[Path]:
    for source in _SOURCES:
        for path in sorted(Path("/", source).rglob("*")):
            if path.is_file() and not path.is_symlink() and path.stat().st_size < _BIGGEST:
                yield path


def _layer(files: Sequence[Path]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in files:
            archive.add(path, str(path).lstrip("/"))
    return buffer.getvalue()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _keep(layout: Path, media_type: str, data: bytes) -> dict[str, object]:
    digest = _digest(data)
    (layout / "blobs/sha256" / digest.removeprefix("sha256:")).write_bytes(data)
    return {"mediaType": media_type, "digest": digest, "size": len(data)}
