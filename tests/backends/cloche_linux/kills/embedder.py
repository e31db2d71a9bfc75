"""The program that is killed: it runs containers of all kinds, over and over.

``embedder.py STATE ROOTFS GROUP [WORDS]``: it lives in control groups named GROUP. With WORDS it
kills itself where it would write a line, or make or remove a directory, that has these words in it,
so that each step is hit for certain.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from typing import Any

from census import places

import cloche


def die_before(words: str) -> None:
    """Kill this process where it would do something to what has ``words`` in it."""
    for name in ("write", "mkdir", "rmdir", "rename", "replace"):
        setattr(os, name, _deadly(getattr(os, name), words))


def _deadly(call: Callable[..., Any], words: str) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **more: Any) -> Any:
        if words in f"{call.__name__} {arguments}".replace("\\", ""):
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **more)

    return wrapped


def live_in(group: str) -> None:
    """Enter a control group of that name in each hierarchy, beneath where this process is."""
    for place in places(group):
        place.mkdir(exist_ok=True)
        (place / "cgroup.procs").write_text(str(os.getpid()))


def main(state: str, rootfs: str) -> None:
    engine = cloche.Engine(root=state, runtime="linux")
    assert engine.run(["true"], rootfs=rootfs).returncode == 0
    print("begun", flush=True)
    while True:
        for kind in random.sample(range(4), 4):
            _one(engine, rootfs, kind)


def _one(engine: cloche.Engine, rootfs: str, kind: int) -> None:
    if kind == 0:
        engine.run(["true"], rootfs=rootfs)
    elif kind == 1:
        script = "setsid sleep 300 & echo x > /y"
        engine.run(["sh", "-c", script], rootfs=rootfs, capture_output=True)
    elif kind == 2:
        engine.run(["true"], rootfs=rootfs, memory="64M", pids_limit=20)
    else:
        with engine.start(rootfs=rootfs, idle=True, name=f"idle-{os.getpid()}") as box:
            box.run(["true"])
            box.pause()
            box.resume()


if __name__ == "__main__":
    live_in(sys.argv[3])
    if len(sys.argv) > 4:
        die_before(sys.argv[4])
    main(sys.argv[1], sys.argv[2])
