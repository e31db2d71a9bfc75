"""Tables as people read them."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterator

from figures import Row, Table, Verdict

__all__ = ["machine", "table"]


def table(figures: Table) -> Iterator[str]:
    """A table's lines, and an empty one."""
    width = max(len(row.name) for row in figures.rows)
    yield f"{figures.title} ({figures.unit}: median, 10-90 %)"
    yield from (_row(row, width) for row in figures.rows)
    yield from (_verdict(each) for each in figures.verdicts)
    yield from (f"  * {note}" for note in figures.notes)
    yield ""


def machine(folder: str) -> Iterator[str]:
    """What the figures were measured on, and with whom."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    with open("/proc/loadavg", encoding="utf-8") as file:
        load = file.read().split()[0]
    yield f"{len(models)} x {models[0] if models else platform.machine()}, load {load}"
    yield f"Linux {platform.release()}, Python {platform.python_version()}"
    yield f"{folder}: {_file_system(folder)}"
    for name in ("runc", "crun", "bwrap", "podman"):
        yield _version(name)
    yield ""


def _row(row: Row, width: int) -> str:
    spread = f"{_number(row.low)}-{_number(row.high)}" if row.low < row.high else ""
    return f"  {row.name:<{width}}  {_number(row.median):>8}  {spread:<16}{row.note}".rstrip()


def _verdict(each: Verdict) -> str:
    text = f"  → {each.name}: {_number(each.value)} {each.unit}".rstrip()
    if each.quick is not None:
        text += f" ({_number(each.quick)} of the quickest tenth)"
    if each.bound is None:
        return text
    word = "met" if each.is_met else "MISSED"
    return f"{text}, goal {each.goal.value} {each.bound:g}: {word}"


def _number(value: float) -> str:
    """Three digits that count."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"


def _file_system(folder: str) -> str:
    command = ["findmnt", "--noheadings", "--output", "FSTYPE,OPTIONS", "--target", folder]
    return " ".join(subprocess.run(command, capture_output=True, text=True).stdout.split())


def _version(name: str) -> str:
    try:
        done = subprocess.run([name, "--version"], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        return f"{name}: not installed"
    return done.stdout.splitlines()[0]
