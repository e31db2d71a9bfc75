"""Kills a process at each of its system calls on records, and says what a next one finds.

Run as a program: ``crashing.py PLACE LIFE``. One line of JSON for each point of death.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import cloche_stdio.plugin
from cloche import Engine
from cloche.defaults import linux_process, linux_spec
from cloche.spec import Root
from cloche.testing import FakeBackend

CALLS = ("open", "write", "mkdir", "symlink", "unlink", "rmdir")


def die_at(number: int, place: str, *, torn: bool) -> None:
    """Count system calls on what is kept in ``place``; die before the given one, or within it."""
    count = 0
    real = {name: getattr(os, name) for name in CALLS}
    ours: set[int] = set()

    def wrap(name):
        def call(target, *args, **options):
            nonlocal count
            if target in ours or place in f"{target}{args}" or "dir_fd" in options:
                count += 1
                if count == number:
                    print(json.dumps({"at": name, "what": str(target)[-40:]}), end="", flush=True)
                    if torn and name == "write":
                        real["write"](target, args[0][: len(args[0]) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
            result = real[name](target, *args, **options)
            if name == "open" and str(target).endswith(".journal"):
                ours.add(result)
            return result

        return call

    for name in CALLS:
        setattr(os, name, wrap(name))


def in_child(work) -> int:
    """Do it in a forked process; how that ended."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        work()
        sys.stdout.flush()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def engine(place: str) -> Engine:
    return Engine(root=place, plugins=[FakeBackend(), cloche_stdio.plugin], runtime="fake")


def left(place: str) -> list[str]:
    folders = ("run/containers", "run/names", "run/owners", "data/fake")
    return [
        str(each) for f in folders if Path(place, f).exists() for each in Path(place, f).iterdir()
    ]


def run(engine: Engine) -> None:
    engine.run(["echo", "x"], name="web", stdout=-3)


def two_steps(engine: Engine) -> None:
    spec = linux_spec(linux_process(("true",)), root=Root(path="/"))
    container = engine.create(spec, id="c1", name="web")
    container.start()
    container.wait()
    container.remove()


LIVES = {"run": run, "two steps": two_steps}


def one(place: str, life: str, number: int, *, torn: bool) -> bool:
    """Kill one process and look with another; False when it lived to its end."""

    def victim():
        made = engine(place)
        die_at(number, place, torn=torn)
        LIVES[life](made)

    def finder():
        made = engine(place)
        found = made.list(all=True)
        for container in found:
            container.remove(force=True)
        remains = left(place)
        again = made.run(["true"], name="web").returncode
        kept = [container.id for container in found]
        print(json.dumps({"left": remains, "again": again, "kept": kept}), flush=True)

    ended = in_child(victim)
    if in_child(finder) != 0:
        print(json.dumps({"left": ["the finder failed"], "again": None}), flush=True)
    return ended == -signal.SIGKILL


if __name__ == "__main__":
    for torn in (False, True):
        number = 1
        while one(*sys.argv[1:3], number, torn=torn):
            number += 1
