"""The smallest container there is: a root of one file, for finding out by trying."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

from cloche_oci.specification import INIT

if TYPE_CHECKING:
    from cloche_oci.bundle import Bundle

__all__ = ["smallest_bundle"]


def smallest_bundle(bundle: Bundle, name: str, group: str) -> str:
    """Make a bundle in another's directory, whose init waits; returns its path."""
    place = bundle.place(name)
    root = os.path.join(place, "rootfs")
    for name in ("proc", "dev", "sys"):
        os.makedirs(os.path.join(root, name))
    shutil.copy2(INIT, os.path.join(root, "init"))
    process = {"user": {"uid": 0, "gid": 0}, "args": ["/init", "-1"], "cwd": "/"}
    spaces = [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")]
    config = {
        "ociVersion": "1.0.2",
        "process": process,
        "root": {"path": root},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": spaces, "cgroupsPath": group},
    }
    with open(os.path.join(place, "config.json"), "x", encoding="utf-8") as file:
        json.dump(config, file)
    return place
