"""Images of archives as they are, in OCI image layouts."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path


def layout(place: Path, *archives: bytes) -> Path:
    """An OCI image layout of one image."""

    def keep(data: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (place / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    kind = "application/vnd.oci.image"
    (place / "blobs/sha256").mkdir(parents=True)
    layers = [keep(archive, f"{kind}.layer.v1.tar") for archive in archives]
    rootfs = {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    about = {"architecture": machine, "os": "linux", "rootfs": rootfs, "config": {}}
    config = keep(json.dumps(about).encode(), f"{kind}.config.v1+json")
    manifest = {"schemaVersion": 2, "config": config, "layers": layers}
    top = keep(json.dumps(manifest).encode(), f"{kind}.manifest.v1+json")
    (place / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [top]}))
    return place
