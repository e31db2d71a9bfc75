"""Archives of images as other programs make them, and as nobody should."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Entries = Mapping[str, "bytes | tarfile.TarInfo"]


def link(target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """An entry that leads to another."""
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


def pack(entries: Entries | Iterable[tuple[str, Any]], format: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive of entries by name, or of pairs, which may be there twice."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as tar:
        for name, content in entries.items() if isinstance(entries, Mapping) else entries:
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo()
            info.name = name
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                tar.addfile(info)
    return buffer.getvalue()


def docker_archive(
    *layers: bytes, tags: list[str] | None, compress: Callable[[bytes], bytes] = bytes
) -> dict[str, Any]:
    """The entries that ``docker save`` has written until version 24."""
    names = [hashlib.sha256(b"%d" % n + data).hexdigest() for n, data in enumerate(layers)]
    diff_ids = [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in layers]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": rootfs}).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    entries: dict[str, Any] = {}
    for name, data in zip(names, layers, strict=True):
        entries[f"{name}/VERSION"] = b"1.0"
        entries[f"{name}/json"] = json.dumps({"id": name}).encode()
        entries[f"{name}/layer.tar"] = compress(data)
    entries[config_name] = config
    entries["manifest.json"] = json.dumps(
        [
            {
                "Config": config_name,
                "RepoTags": tags,
                "Layers": [f"{name}/layer.tar" for name in names],
            }
        ]
    ).encode()
    return entries
