"""The peer bubblewrap, told option by option what our specification says."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from contenders import Contender
from oci import ENVIRONMENT
from programs import PROBE, TRUE

if TYPE_CHECKING:
    from setting import Setting

    from cloche.spec import Spec

__all__ = ["installed", "running"]

_SPACES = ("ipc", "pid", "net", "uts", "cgroup")
_PROFILE = 9
#: It takes capabilities away, but not from the sets that say what could be had again.
_UNLIKE = {("status", "CapBnd"), ("status", "CapInh"), ("status", "CapAmb")}


def installed() -> bool:
    return shutil.which("bwrap", path=ENVIRONMENT["PATH"]) is not None


def running(setting: Setting) -> Contender:
    """``bwrap`` over the busybox directory, with the same compiled seccomp program as ours."""
    root, profile = setting.place.rootfs, f"seccomp/default-{platform.machine()}.bpf"
    command = [
        *("bwrap", *(f"--unshare-{space}" for space in _SPACES), "--hostname", "bwrap"),
        *("--bind", str(root), "/", "--dev", "/dev", "--mqueue", "/dev/mqueue"),
        *("--proc", "/proc", "--ro-bind", "/sys", "/sys"),
        *_confined(setting.spec),
    ]
    return Contender(
        name="bwrap",
        setup="spawned:spawned",
        params={
            "commands": {p: [*command, "--", *setting.programs[p]] for p in (TRUE, PROBE)},
            "environment": ENVIRONMENT,
            "opens": {_PROFILE: str(files("cloche_linux") / profile)},
        },
        unlike=_UNLIKE,
    )


def _confined(spec: Spec) -> Iterator[str]:
    assert spec.linux is not None
    assert spec.process is not None
    assert spec.process.capabilities is not None
    for path in filter(_exists, spec.linux.readonly_paths or ()):
        yield from ("--ro-bind", path, path)
    for path in filter(_exists, spec.linux.masked_paths or ()):
        yield from ("--tmpfs", path) if Path(path).is_dir() else ("--ro-bind", "/dev/null", path)
    yield from ("--seccomp", str(_PROFILE), "--cap-drop", "ALL")
    for capability in spec.process.capabilities.bounding or ():
        yield from ("--cap-add", capability)


def _exists(path: str) -> bool:
    return Path(path).exists()
