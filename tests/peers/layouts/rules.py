"""The rules of the image-spec (v1.1) for the documents we write, each with its section.

`faults` of a layout directory or archive is empty, or says which rule is broken where.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

#: descriptor.md, "Properties", mediaType: RFC 6838, 4.2.
MEDIA_TYPE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
)
#: descriptor.md, "Registered Algorithms".
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
#: annotations.md, "org.opencontainers.image.ref.name".
REF_NAME = re.compile(r"[A-Za-z0-9._:@/+-]+")
OCI = "application/vnd.oci.image"
INDEXES = {
    f"{OCI}.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}
MANIFESTS = {
    f"{OCI}.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
}

Read = Callable[[str], bytes | None]


def faults(path: Path) -> list[str]:
    """Check a layout, in a directory or an archive."""
    if path.is_dir():
        return list(layout(lambda name: _file(path / name)))
    with tarfile.open(path) as tar:
        members = {member.name: member for member in tar}

        def read(name: str) -> bytes | None:
            found = tar.extractfile(members[name]) if name in members else None
            return None if found is None else found.read()

        return [*layout(read), *docker(read)]


def _file(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def layout(read: Read) -> Iterator[str]:
    """image-layout.md, "Content"."""
    marker = json.loads(read("oci-layout") or b"{}")
    if marker.get("imageLayoutVersion") != "1.0.0":
        yield "oci-layout: imageLayoutVersion (image-layout.md, oci-layout file)"
    index = read("index.json")
    if index is None:
        yield "index.json is missing (image-layout.md, index.json file)"
        return
    yield from _index("index.json", json.loads(index), read)


def _index(where: str, index: Mapping[str, Any], read: Read) -> Iterator[str]:
    """image-index.md, "Image Index Property Descriptions"."""
    if index.get("schemaVersion") != 2:
        yield f"{where}: schemaVersion"
    if index.get("mediaType") not in INDEXES:
        yield f"{where}: mediaType"
    if not isinstance(index.get("manifests"), list):
        yield f"{where}: manifests"
        return
    for position, entry in enumerate(index["manifests"]):
        at = f"{where}.manifests[{position}]"
        yield from descriptor(at, entry)
        yield from _platform(at, entry.get("platform"))
        name = (entry.get("annotations") or {}).get("org.opencontainers.image.ref.name", "x")
        if not REF_NAME.fullmatch(name):
            yield f"{at}: ref.name (annotations.md)"
        yield from _tree(entry, read, needed=where == "index.json")


def _platform(where: str, platform: Mapping[str, Any] | None) -> Iterator[str]:
    """image-index.md, platform: architecture and os are REQUIRED."""
    if platform is not None and not {"architecture", "os"} <= platform.keys():
        yield f"{where}.platform"


def _tree(entry: Mapping[str, Any], read: Read, *, needed: bool) -> Iterator[str]:
    data = _blob(entry, read)
    if data is None:
        if needed:
            yield f"{entry['digest']} is missing (image-layout.md, Blobs)"
        return
    yield from _content(entry, data)
    if entry["mediaType"] in INDEXES:
        yield from _index(entry["digest"], json.loads(data), read)
    elif entry["mediaType"] in MANIFESTS:
        yield from manifest(entry["digest"], json.loads(data), entry["mediaType"], read)


def _blob(entry: Mapping[str, Any], read: Read) -> bytes | None:
    return read("blobs/" + entry["digest"].replace(":", "/"))


def _content(entry: Mapping[str, Any], data: bytes) -> Iterator[str]:
    """descriptor.md, "Digests" and size."""
    algorithm, _, expected = entry["digest"].partition(":")
    if hashlib.new(algorithm, data).hexdigest() != expected:
        yield f"{entry['digest']}: has another digest"
    if len(data) != entry["size"]:
        yield f"{entry['digest']}: has another size"


def descriptor(where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """descriptor.md, "Properties": mediaType, digest and size are REQUIRED."""
    if not MEDIA_TYPE.fullmatch(entry.get("mediaType", "")):
        yield f"{where}.mediaType"
    if not DIGEST.fullmatch(entry.get("digest", "")):
        yield f"{where}.digest"
    if not isinstance(entry.get("size"), int) or entry["size"] < 0:
        yield f"{where}.size"
    if None in entry.values():
        yield f"{where}: null is no value of an optional property"
    for key, value in entry.get("annotations", {}).items():
        if not (isinstance(key, str) and isinstance(value, str)):
            yield f"{where}.annotations (annotations.md, Rules)"


def manifest(where: str, document: Mapping[str, Any], media_type: str, read: Read) -> Iterator[str]:
    """manifest.md, "Image Manifest Property Descriptions"."""
    if document.get("schemaVersion") != 2:
        yield f"{where}: schemaVersion"
    if document.get("mediaType", media_type) != media_type:
        yield f"{where}: mediaType is not that of its descriptor (manifest.md, mediaType)"
    for name, entry in [("config", document["config"]), *_numbered(document["layers"])]:
        yield from descriptor(f"{where}.{name}", entry)
        data = _blob(entry, read)
        if data is None:
            yield f"{where}.{name} is missing"
        else:
            yield from _content(entry, data)
    data = _blob(document["config"], read)
    if data is not None:
        yield from config(f"{where}.config", json.loads(data), len(document["layers"]))


def _numbered(layers: list[Any]) -> list[tuple[str, Any]]:
    return [(f"layers[{position}]", layer) for position, layer in enumerate(layers)]


def config(where: str, document: Mapping[str, Any], layers: int) -> Iterator[str]:
    """config.md, "Properties": architecture, os, rootfs.type and rootfs.diff_ids are REQUIRED."""
    for key in ("architecture", "os"):
        if not isinstance(document.get(key), str):
            yield f"{where}.{key}"
    rootfs = document.get("rootfs", {})
    if rootfs.get("type") != "layers":
        yield f"{where}.rootfs.type"
    diff_ids = rootfs.get("diff_ids", [None])
    if not all(isinstance(each, str) and DIGEST.fullmatch(each) for each in diff_ids):
        yield f"{where}.rootfs.diff_ids"
    if len(diff_ids) != layers:
        yield f"{where}.rootfs.diff_ids: one for each layer"
    history = document.get("history", [])
    if history and sum(not each.get("empty_layer", False) for each in history) != layers:
        yield f"{where}.history: an entry for each layer"
    for time in filter(None, [document.get("created"), *(each.get("created") for each in history)]):
        try:
            datetime.fromisoformat(time)
        except ValueError:
            yield f"{where}.created (RFC 3339, 5.6)"


def docker(read: Read) -> Iterator[str]:
    """moby's image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format"."""
    for entry in json.loads(read("manifest.json") or b"[]"):
        if entry.keys() - {"Parent"} != {"Config", "RepoTags", "Layers"}:
            yield "manifest.json: properties"
        for name in (entry["Config"], *entry["Layers"]):
            if read(name) is None:
                yield f"manifest.json: {name} is missing"
        for tag in entry["RepoTags"] or ():
            if ":" not in tag.rpartition("/")[2]:
                yield f"manifest.json: {tag} has no tag"
