"""What `events` tells of a container, once or for as long as it lives."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import json
import re
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec, InvalidState, TimedOut

if TYPE_CHECKING:
    from cloche.oci import BundleContainer
    from cloche.stats import Stats
    from cloche_cli.oci.flags import Typed

__all__ = ["watch"]

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)")


def watch(container: BundleContainer, below: Typed) -> int:
    """Tell what it uses: once, or again and again until it has ended.

    Beside it, that a process was ended for want of memory, once for each look that finds more.
    """
    interval = below.text("interval")
    seconds = _seconds("5s" if interval is None else interval)
    found: Stats | None = container.stats()
    kills = 0
    while found is not None:
        _tell(container, "stats", found)
        if below.switch("stats"):
            return 0
        if (found.oom_kills or 0) > kills:
            _tell(container, "oom")
            kills = found.oom_kills or 0
        found = None if _ends_within(container, seconds) else _measured(container)
    return 0


def _measured(container: BundleContainer) -> Stats | None:
    """Measure again; None if it has ended just now."""
    try:
        return container.stats()
    except InvalidState:
        return None


def _ends_within(container: BundleContainer, seconds: float) -> bool:
    try:
        container.process.exit.wait(seconds)
    except TimedOut:
        return False
    return True


def _tell(container: BundleContainer, kind: str, found: Stats | None = None) -> None:
    from cloche.oci.usage import usage

    line: dict[str, object] = {"type": kind, "id": container.id}
    if found is not None:
        line["data"] = usage(found)
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _seconds(text: str) -> float:
    """Read a time as Go writes it: ``5s``, ``1m30s``, ``250ms``."""
    parts = [*_PART.finditer(text)]
    total = sum(float(part[1]) * _UNITS[part[2]] for part in parts)
    if "".join(part[0] for part in parts) != text or total <= 0:
        raise InvalidSpec(f"--interval: {text!r} is not a time such as 5s", path="interval")
    return total
