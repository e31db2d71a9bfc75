"""The peer podman, in a store of its own and with options that say what our specification says."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from contenders import Contender
from oci import ENVIRONMENT
from programs import PROBE, TRUE

from cloche.documents import write

if TYPE_CHECKING:
    from setting import Setting

    from cloche.spec import Spec

__all__ = ["installed", "remove_cgroups", "running"]

# No limits of files and processes that this machine's root may not raise; no log, which favours
# podman; locks in a file, since those in shared memory outlive the folder.
_SETTINGS = """
[containers]
default_ulimits = []
log_driver = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
"""
_CGROUPS = f"cloche-benchmark-{os.getpid()}"


def installed() -> bool:
    return shutil.which("podman", path=ENVIRONMENT["PATH"]) is not None


def running(setting: Setting) -> Contender:
    """``podman run`` over the busybox directory."""
    folder = setting.place.folder / "podman"
    folder.mkdir(exist_ok=True)
    (folder / "containers.conf").write_text(_SETTINGS)
    command = [
        *("podman", *_storage(folder), "run", "--rm"),
        *_confined(setting.spec, folder / "seccomp.json"),
        *("--rootfs", str(setting.place.rootfs)),
    ]
    return Contender(
        name="podman run",
        setup="spawned:spawned",
        params={
            "commands": {p: [*command, *setting.programs[p]] for p in (TRUE, PROBE)},
            "environment": ENVIRONMENT | {"CONTAINERS_CONF": str(folder / "containers.conf")},
        },
        every=5,
    )


def remove_cgroups() -> None:
    """Remove the groups that podman keeps for later, all of them empty."""
    for group in Path("/sys/fs/cgroup").glob(f"**/{_CGROUPS}"):
        for inner, _, _ in os.walk(group, topdown=False):
            Path(inner).rmdir()


def _storage(folder: Path) -> list[str]:
    places = {"root": "storage", "runroot": "run", "tmpdir": "tmp"}
    own = [f"--{option}={folder / name}" for option, name in places.items()]
    return [*own, "--storage-driver=vfs", *(["--runtime=runc"] if shutil.which("runc") else [])]


def _confined(spec: Spec, profile: Path) -> list[str]:
    assert spec.linux is not None
    assert spec.process is not None
    assert spec.process.capabilities is not None
    profile.write_bytes(write(spec.linux.seccomp))
    capabilities = ",".join(spec.process.capabilities.bounding or ())
    masked = ":".join(spec.linux.masked_paths or ())
    return [
        *("--network=none", "--cgroupns=private", f"--cgroup-parent=/{_CGROUPS}"),
        *("--cap-drop=all", f"--cap-add={capabilities}", "--security-opt=no-new-privileges"),
        *(f"--security-opt=seccomp={profile}", f"--security-opt=mask={masked}"),
    ]
