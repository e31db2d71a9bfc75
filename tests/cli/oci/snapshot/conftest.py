"""A `cloche-oci` of the test's own, in an environment of its own, begun as a launcher does."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import cffi
import pytest

ROOT = Path(__file__).parents[4]
TAG = sys.implementation.cache_tag

#: Runs boot.py, and tells of each module in the end where it is from, and what can be seen of it.
LOOK = """
import os, sys
folder, told = sys.argv[1:3]
del sys.argv[1:3]
boot = {"__name__": "boot"}
with open(folder + "/boot.py") as file:
    exec(file.read(), boot)
code = boot["boot"](folder)
with open(told, "w") as file:
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec is not None and spec.has_location:
            print(
                name, type(spec.loader).__name__, spec.name, spec.origin, spec.parent, spec.cached,
                spec.submodule_search_locations, module.__name__, module.__file__,
                module.__package__, getattr(module, "__path__", None), sep="|", file=file,
            )
os._exit(code)
"""


class Said(NamedTuple):
    code: int
    out: str
    err: str


class Program:
    """An installation: `cli` is the test's own, everything else this repository's."""

    def __init__(self, place: Path) -> None:
        self.cli = place / "cli"
        shutil.copytree(
            ROOT / "cli", self.cli, ignore=shutil.ignore_patterns("__pycache__", "*.bin")
        )
        self.folder = self.cli / "cloche_cli/oci"
        self.cache = self.folder / "__pycache__"
        self.file = self.cache / f"snapshot.{TAG}.bin"
        self.draft = self.cache / f"snapshot.{TAG}.bin.draft"
        self.place = place
        self.told = place / "told"
        self.python = place / "venv/bin/python"
        venv.create(place / "venv", symlinks=True)
        packages = next((place / "venv/lib").iterdir()) / "site-packages"
        others = [ROOT / "core", ROOT / "backends", Path(cffi.__file__).parents[1]]
        self.paths = packages / "own.pth"
        self.paths.write_text("".join(f"{each}\n" for each in (self.cli, *others)))

    def begin(self, *words: str, flags: tuple[str, ...] = (), before: tuple[str, ...] = ()):
        """Begin a command, as a process whose output can be read."""
        boot = str(self.folder / "boot.py")
        return subprocess.Popen(
            [*before, str(self.python), "-I", "-S", *flags, boot, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, cwd="/",
        )  # fmt: skip

    def __call__(self, *words: str, **how: tuple[str, ...]) -> Said:
        process = self.begin(*words, **how)
        out, err = process.communicate(timeout=60)
        return Said(process.returncode, out, err)

    def look(self, *words: str) -> dict[str, list[str]]:
        """Run a command; the modules it had, each with its loader and what can be seen of it."""
        subprocess.run(
            [self.python, "-I", "-S", "-c", LOOK, self.folder, self.told, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, timeout=60,
        )  # fmt: skip
        lines = [line.split("|") for line in self.told.read_text().splitlines()]
        return {name: seen for name, *seen in lines}

    def kept(self, *words: str) -> set[str]:
        """Run a command; the modules that came from the snapshot."""
        return {name for name, seen in self.look(*words).items() if seen[0].startswith("Ready")}

    def change(self, name: str, old: str, new: str) -> None:
        """Change a source, as an editor does: in its place."""
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture
def program() -> Iterator[Program]:
    """Where everybody may look, unlike in a test's own directory."""
    with TemporaryDirectory(prefix="cloche-snapshot-") as place:
        Path(place).chmod(0o755)
        yield Program(Path(place))
