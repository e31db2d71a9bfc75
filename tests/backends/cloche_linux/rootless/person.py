"""Normal users, and what they do."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

#: In front of every program of theirs.
PRELUDE = '''
import json, os, signal, sys, time
import cloche

ROOTFS = os.environ["ROOTFS"]
engine = cloche.Engine(runtime="linux")


def run(script, **options):
    """A shell script in a new container over a directory: what it printed."""
    options.setdefault("rootfs", ROOTFS)
    done = engine.run(["sh", "-c", script], capture_output=True, text=True, **options)
    assert done.returncode == 0, (done, done.stderr)
    return done.stdout


def refusal(call):
    """The error's class, line and hint."""
    try:
        call()
    except cloche.ClocheError as error:
        return [type(error).__name__, str(error), error.hint]
    raise AssertionError("it was not refused")


def tell(value):
    print(json.dumps(value), flush=True)
'''


@dataclass(frozen=True)
class Person:
    """A user without privileges, who has a home and what was lent to all."""

    uid: int
    gid: int
    name: str
    home: Path
    command: list[str]
    environment: dict[str, str]
    #: Subordinate ids: the first, and how many; none with a single map.
    subordinate: tuple[int, int] | None = None

    @property
    def single(self) -> bool:
        """Whether only the own id can be mapped."""
        return self.subordinate is None

    def owns(self, uid: int) -> bool:
        first, count = self.subordinate or (0, 0)
        return uid == self.uid or first <= uid < first + count

    def begin(
        self,
        code: str,
        *,
        gid: int | None = None,
        groups: Sequence[int] = (),
        **environment: str,
    ) -> subprocess.Popen[str]:
        """Start a program of this user's; what it tells are lines of its output."""
        return subprocess.Popen(
            [*self.command, "-c", PRELUDE + dedent(code)],
            env=self.surroundings() | environment,
            user=self.uid,
            group=self.gid if gid is None else gid,
            extra_groups=groups,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )

    def surroundings(self) -> dict[str, str]:
        """The environment of this user's programs."""
        own = {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home / "run")}
        return self.environment | own

    def tells(
        self,
        code: str,
        *,
        gid: int | None = None,
        groups: Sequence[int] = (),
        **environment: str,
    ) -> Any:
        """Run a program of this user's to its end; the last thing it told."""
        with self.begin(code, gid=gid, groups=groups, **environment) as program:
            out, err = program.communicate(timeout=60)
        assert program.returncode == 0, err
        assert err == "", err
        return json.loads(out.splitlines()[-1])

    def processes(self) -> list[str]:
        """What runs as one of this user's ids, zombies apart."""
        return [pid for pid in filter(str.isdecimal, os.listdir("/proc")) if self._runs(pid)]

    def _runs(self, pid: str) -> bool:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return False
        fields = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
        return self.owns(int(fields["Uid"][0])) and fields["State"][0] != "Z"

    def containers(self) -> list[str]:
        """What is there of containers in this user's directories."""
        places = ("run/cloche/containers", "run/cloche/names", ".local/share/cloche/overlay")
        found = (path for place in places for path in (self.home / place).rglob("*"))
        kept = ("/overlay/host", "/overlay/layers")  # what is there for the next container
        return [str(path) for path in found if not any(each in str(path) for each in kept)]

    def strays(self) -> list[str]:
        """Files of this user's in places that all share."""
        places = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/run/lock")
        entries = (entry for place in places if os.path.isdir(place) for entry in os.scandir(place))
        return [entry.path for entry in entries if self._left(entry)]

    def _left(self, entry: os.DirEntry[str]) -> bool:
        try:
            return self.owns(entry.stat(follow_symlinks=False).st_uid)
        except FileNotFoundError:
            return False

    def leaves(self) -> dict[str, list[str]]:
        """What is left of this user's containers, once what is ending has ended."""
        deadline = time.monotonic() + 5
        while True:
            left = {
                "processes": self.processes(),
                "containers": self.containers(),
                "strays": self.strays(),
            }
            if not any(left.values()) or time.monotonic() > deadline:
                return {kind: names for kind, names in left.items() if names}
            time.sleep(0.02)


def told(program: subprocess.Popen[str]) -> Any:
    """The next thing that a program tells."""
    assert program.stdout is not None
    line = program.stdout.readline()
    assert line, program.stderr.read() if program.stderr else ""
    return json.loads(line)
