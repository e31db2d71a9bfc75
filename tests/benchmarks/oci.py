"""Peers that read bundles: crun and runc, with the very specification of a container of ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import getpid
from pathlib import Path
from typing import TYPE_CHECKING

from contenders import Contender
from programs import IDLE, PROBE, TRUE

if TYPE_CHECKING:
    from setting import Setting

    from cloche.spec import Spec

__all__ = ["ENVIRONMENT", "NAMES", "executing", "idling", "installed", "running", "surroundings"]

NAMES = ("runc", "crun")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

_UNIFIED = Path("/sys/fs/cgroup/unified")


def installed() -> list[str]:
    return [name for name in NAMES if shutil.which(name, path=ENVIRONMENT["PATH"])]


def running(
    name: str,
    setting: Setting,
    spec: Spec | None = None,
    *,
    number: int = 1,
    programs: Sequence[str] = (TRUE,),
) -> Contender:
    """``runc run`` or ``crun run``; contenders that are timed at once differ by ``number``."""
    commands = {
        program: [
            *(*_runtime(name, setting), "run", "--bundle"),
            *(
                _bundle(name, setting, spec or setting.spec, program),
                f"cloche-benchmark-{getpid()}-{name}-{number}",
            ),
        ]
        for program in (*programs, PROBE)
    }
    return Contender(
        name=f"{name} run",
        setup="spawned:spawned",
        params={"commands": commands, "environment": ENVIRONMENT},
        prefix=surroundings(name),
    )


def executing(name: str, setting: Setting) -> Contender:
    """``runc exec`` or ``crun exec`` in a container that idles."""
    runtime, identity = _runtime(name, setting), _identity(name, "exec")
    bundle = _bundle(name, setting, setting.spec, IDLE)
    commands = {
        program: [*runtime, "exec", "--no-new-privs", identity, *setting.programs[program]]
        for program in (TRUE, PROBE)
    }
    return Contender(
        name=f"{name} exec",
        setup="spawned:spawned",
        params={
            "commands": commands,
            "environment": ENVIRONMENT,
            "before": [*runtime, "run", "--detach", "--bundle", bundle, identity],
            "after": [*runtime, "delete", "--force", identity],
        },
        prefix=surroundings(name),
    )


@contextmanager
def idling(name: str, setting: Setting, spec: Spec) -> Iterator[int]:
    """A container that idles, to be looked at from outside: the pid of its process."""
    runtime = [*surroundings(name), *_runtime(name, setting)]
    identity = _identity(name, "idle")
    bundle = _bundle(f"{name}-looked-at", setting, spec, IDLE)
    quiet = subprocess.DEVNULL
    subprocess.run(
        [*runtime, "run", "--detach", "--bundle", bundle, identity], stdout=quiet, check=True
    )
    try:
        state = subprocess.run([*runtime, "state", identity], stdout=subprocess.PIPE, check=True)
        yield json.loads(state.stdout)["pid"]
    finally:
        subprocess.run([*runtime, "delete", "--force", identity], check=True)


def _runtime(name: str, setting: Setting) -> list[str]:
    return [name, "--root", str(setting.place.folder / name)]


def _identity(name: str, which: object) -> str:
    """Unique on the machine, since cgroups are named after it."""
    return f"cloche-benchmark-{getpid()}-{name}-{which}"


def _bundle(name: str, setting: Setting, spec: Spec, program: str) -> str:
    return str(setting.place.bundle(f"{name}-{program}", spec, setting.programs[program]))


def surroundings(name: str) -> Sequence[str]:
    """Crun refuses hybrid cgroups with a controller on the unified side, so it is shown none."""
    if name != "crun" or not _has_controllers():
        return ()
    without = f'umount {_UNIFIED} && exec "$@"'
    return ("unshare", "--mount", "sh", "-c", without, "sh")


def _has_controllers() -> bool:
    controllers = _UNIFIED / "cgroup.controllers"
    return controllers.exists() and bool(controllers.read_text().strip())
