"""Images for tests, made here: of busybox, of archives of one's own, for several platforms."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OCI = "application/vnd.oci.image"
TYPES = {
    "index": f"{OCI}.index.v1+json",
    "manifest": f"{OCI}.manifest.v1+json",
    "config": f"{OCI}.config.v1+json",
    "layer": f"{OCI}.layer.v1.tar+gzip",
}
DOCKER = "application/vnd.docker"
DOCKER_TYPES = {
    "index": f"{DOCKER}.distribution.manifest.list.v2+json",
    "manifest": f"{DOCKER}.distribution.manifest.v2+json",
    "config": f"{DOCKER}.container.image.v1+json",
    "layer": f"{DOCKER}.image.rootfs.diff.tar.gzip",
}


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True)
class Image:
    """A manifest or index as bytes, with all it refers to by digest."""

    data: bytes
    media_type: str
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    #: Manifests of an index, to be pushed before it.
    children: tuple[Image, ...] = ()
    platform: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    @property
    def descriptor(self) -> dict[str, Any]:
        found = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}
        return {**found, "platform": dict(self.platform)} if self.platform else found


def archive(files: Mapping[str, bytes | str], *, mode: int = 0o755) -> bytes:
    """An uncompressed tar of regular files, and symbolic links where the content is a str."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode = mode
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def image(
    *layers: bytes,
    config: Mapping[str, Any] | None = None,
    platform: Mapping[str, str] | None = None,
    types: Mapping[str, str] = TYPES,
) -> Image:
    """An image of uncompressed archives, from the base to the top; ``config`` is its ``config``."""
    own = dict(platform or {"os": "linux", "architecture": "amd64"})
    packed = [gzip.compress(layer, 1, mtime=0) for layer in layers]
    rootfs = {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}
    document = json.dumps({**own, "config": dict(config or {}), "rootfs": rootfs}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": types["manifest"],
        "config": _descriptor(types["config"], document),
        "layers": [_descriptor(types["layer"], layer) for layer in packed],
    }
    blobs = {digest_of(data): data for data in (document, *packed)}
    return Image(json.dumps(manifest).encode(), types["manifest"], blobs, platform=own)


def index(*images: Image, types: Mapping[str, str] = TYPES) -> Image:
    """An index over images, each for the platform it was made for."""
    document = {
        "schemaVersion": 2,
        "mediaType": types["index"],
        "manifests": [each.descriptor for each in images],
    }
    return Image(json.dumps(document).encode(), types["index"], children=images)


def busybox(**options: Any) -> Image:
    """An image with a shell and the usual programs, of one layer; it says ``hello``."""
    program = Path("/bin/busybox").read_bytes()
    names = ("sh", "echo", "cat", "ls", "true", "false", "sleep", "id", "env", "touch", "rm")
    files: dict[str, bytes | str] = {"bin/busybox": program}
    files |= {f"bin/{name}": "busybox" for name in names}
    files["etc/passwd"] = b"root:x:0:0::/:/bin/sh\n"
    options.setdefault("config", {"Cmd": ["/bin/echo", "hello"], "Env": ["PATH=/bin"]})
    return image(archive(files), **options)


def _descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def put(url: str, name: str, what: Image) -> str:
    """Put an image into a registry that asks nobody for a password; gives the digest.

    ``url`` is the registry's, ``name`` is ``REPOSITORY[:TAG]``. By the standard library, so that
    what is tested is not what brings the images.
    """
    repository, _, target = name.partition(":")
    base = f"{url}/v2/{repository}"
    for child in what.children:
        put(url, f"{repository}:{child.digest}", child)
    for digest, data in what.blobs.items():
        location = _send("POST", f"{base}/blobs/uploads/", b"")["Location"]
        joint = "&" if "?" in location else "?"
        _send("PUT", f"{location}{joint}digest={digest}", data)
    _send("PUT", f"{base}/manifests/{target or 'latest'}", what.data, what.media_type)
    return what.digest


def _send(method: str, url: str, data: bytes, media_type: str = "application/octet-stream") -> Any:
    headers = {"Content-Type": media_type}
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers
