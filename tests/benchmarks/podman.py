"""The peer podman, in a store of its own and with options that say what our specification says."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contenders import Contender
from oci import ENVIRONMENT, surroundings
from programs import PROBE, TRUE

from cloche.documents import write

if TYPE_CHECKING:
    from setting import Setting

    from cloche.spec import Spec

__all__ = ["Runtime", "installed", "remove_cgroups", "running"]

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
#: Seconds that conmon gets to end after its container.
_LEAVING = 10
_GROUPS = "/sys/fs/cgroup"
_NAME = f"cloche-benchmark-{os.getpid()}"


class Runtime(NamedTuple):
    """Which runtime podman is to call; without a program, the one of its choice."""

    name: str
    program: str | None


def installed() -> bool:
    return shutil.which("podman", path=ENVIRONMENT["PATH"]) is not None


def running(setting: Setting, runtime: Runtime | None = None, every: int = 5) -> Contender:
    """``podman run`` over the busybox directory, by runc or another runtime."""
    by = runtime or Runtime("runc", "runc" if shutil.which("runc") else None)
    folder = setting.place.folder / f"pod-{by.name}"  # paths are short, or podman refuses them
    folder.mkdir(exist_ok=True)
    (folder / "containers.conf").write_text(_SETTINGS)
    command = [
        *("podman", *_storage(folder), *([f"--runtime={by.program}"] if by.program else [])),
        *("run", "--rm", *_confined(setting.spec, folder / "seccomp.json")),
        *("--rootfs", str(setting.place.rootfs)),
    ]
    return Contender(
        name="podman run" if runtime is None else f"podman run, {by.name}",
        setup="spawned:spawned",
        params={
            "commands": {p: [*command, *setting.programs[p]] for p in (TRUE, PROBE)},
            "environment": ENVIRONMENT
            | {"CONTAINERS_CONF": str(folder / "containers.conf"), "PYTHONDONTWRITEBYTECODE": ""},
        },
        prefix=surroundings(by.name),
        every=every,
    )


def remove_cgroups() -> None:
    """Remove the groups that podman keeps for later, and its plain files where no hierarchy is."""
    for group in [each for each, _, _ in os.walk(_GROUPS) if each.endswith(_NAME)]:
        if os.stat(group).st_dev == os.stat(_GROUPS).st_dev:
            shutil.rmtree(group)
            continue
        for inner, _, _ in os.walk(group, topdown=False):
            _remove(Path(inner), time.monotonic() + _LEAVING)


def _remove(group: Path, deadline: float) -> None:
    while True:
        try:
            return group.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _storage(folder: Path) -> list[str]:
    places = {"root": "storage", "runroot": "run", "tmpdir": "tmp"}
    own = [f"--{option}={folder / name}" for option, name in places.items()]
    return [*own, "--storage-driver=vfs"]


def _confined(spec: Spec, profile: Path) -> list[str]:
    assert spec.linux is not None
    assert spec.process is not None
    assert spec.process.capabilities is not None
    profile.write_bytes(write(spec.linux.seccomp))
    capabilities = ",".join(spec.process.capabilities.bounding or ())
    masked = ":".join(spec.linux.masked_paths or ())
    return [
        *("--network=none", "--cgroupns=private", f"--cgroup-parent=/{_NAME}"),
        *("--cap-drop=all", f"--cap-add={capabilities}", "--security-opt=no-new-privileges"),
        *(f"--security-opt=seccomp={profile}", f"--security-opt=mask={masked}"),
    ]
