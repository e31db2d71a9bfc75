"""A container's control groups, which have a name of ours: measured, and taken away at the end."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from zlib import crc32

from cloche.errors import TimedOut
from cloche.stats import Stats
from cloche_oci.keeper.grouping import places, remove

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["group_path", "is_frozen", "places", "remove", "stats", "wait_until_frozen"]

_UNLIMITED = 1 << 62
_PATIENCE = 5.0


def group_path(home: str, id: str) -> str:
    """Name the group of a container, below the root of each hierarchy.

    By the place where it is kept, too: an id may be used again at another one.
    """
    return f"/cloche-oci-{crc32(os.fsencode(home)):08x}-{id}"


def stats(path: str) -> Stats | None:
    """Measure by the files of cgroup1 or cgroup2; None if there is no group."""
    found = places(path)
    if not found:
        return None
    values = _Values(found)
    return Stats(
        cpu_usage=_or(
            values.number("cpuacct.usage"), _micro(values.keyed("cpu.stat", "usage_usec"))
        ),
        cpu_user=_micro(values.keyed("cpu.stat", "user_usec")),
        cpu_system=_micro(values.keyed("cpu.stat", "system_usec")),
        throttled_periods=values.keyed("cpu.stat", "nr_throttled"),
        throttled_time=_or(
            values.keyed("cpu.stat", "throttled_time"),
            _micro(values.keyed("cpu.stat", "throttled_usec")),
        ),
        memory_usage=values.number("memory.usage_in_bytes", "memory.current"),
        memory_peak=values.number("memory.max_usage_in_bytes", "memory.peak"),
        memory_limit=_limit(values.number("memory.limit_in_bytes", "memory.max")),
        swap_usage=values.number("memory.swap.current"),
        oom_kills=_or(
            values.keyed("memory.oom_control", "oom_kill"),
            values.keyed("memory.events", "oom_kill"),
        ),
        pids=values.number("pids.current"),
        pids_limit=values.number("pids.max"),
    )


def is_frozen(path: str) -> bool:
    """Whether the processes of a group are stopped where they are."""
    values = _Values(places(path))
    return values.says("freezer.state", "FROZEN", "FREEZING") or values.says("cgroup.freeze", "1")


def wait_until_frozen(path: str) -> None:
    """Wait until the processes of a group stand still: the kernel needs a moment for each.

    Some runtimes don't, and cgroup1 tells nobody when it is done. Raises TimedOut.
    """
    deadline = time.monotonic() + _PATIENCE
    while not _stands_still(_Values(places(path))):
        if time.monotonic() > deadline:
            raise TimedOut(f"the processes don't stand still after {_PATIENCE:g} s", backend="oci")
        time.sleep(0.002)


def _stands_still(values: _Values) -> bool:
    if values.says("cgroup.freeze", "1"):
        return values.keyed("cgroup.events", "frozen") == 1
    return not values.says("freezer.state", "FREEZING")


class _Values:
    """Numbers of the files of one group, wherever a file is."""

    def __init__(self, places: list[str]) -> None:
        self._places = places

    def number(self, *names: str) -> int | None:
        """The number in the first of these files; None for ``max``, or if there is none."""
        for text in self._texts(names):
            if text.strip().isdigit():
                return int(text)
        return None

    def keyed(self, name: str, key: str) -> int | None:
        """The number behind a key in a file."""
        for text in self._texts([name]):
            for line in text.splitlines():
                word, _, number = line.partition(" ")
                if word == key and number.isdigit():
                    return int(number)
        return None

    def says(self, name: str, *words: str) -> bool:
        """Whether a file consists of one of these words."""
        return any(text.strip() in words for text in self._texts([name]))

    def _texts(self, names: Iterable[str]) -> Iterable[str]:
        for name in names:
            for place in self._places:
                with suppress(OSError), open(os.path.join(place, name), encoding="ascii") as file:
                    yield file.read()


def _or(first: int | None, second: int | None) -> int | None:
    return second if first is None else first


def _micro(microseconds: int | None) -> int | None:
    return None if microseconds is None else microseconds * 1000


def _limit(number: int | None) -> int | None:
    """cgroup1 says a huge number where there is no limit."""
    return None if number is None or number >= _UNLIMITED else number
