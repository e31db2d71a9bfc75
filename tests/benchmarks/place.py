"""The folder of one run of the benchmarks, and what lies in it: a busybox root and bundles."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING

from cloche.documents import write
from cloche.spec import Root

if TYPE_CHECKING:
    from cloche.spec import Spec

__all__ = ["Place", "place"]


@dataclass(frozen=True)
class Place:
    """A private folder, gone after the run."""

    folder: Path

    @property
    def rootfs(self) -> Path:
        """A root directory with nothing but busybox, 2 MB."""
        return self.folder / "rootfs"

    @property
    def state(self) -> Path:
        """Where Cloche keeps what it keeps."""
        return self.folder / "cloche"

    def bundle(self, name: str, spec: Spec, args: Sequence[str]) -> Path:
        """A bundle of the specification, with another command, over the busybox root.

        The root is the plain directory: runtimes of bundles mount no overlay, which favours them.
        Their readers know versions up to 1.0.2; nothing in ``spec`` needs a later one.
        """
        assert spec.process is not None
        changed = spec.replace(
            oci_version="1.0.2",
            root=Root(path=str(self.rootfs)),
            process=spec.process.replace(args=tuple(args)),
        )
        (self.folder / "bundles").mkdir(exist_ok=True)
        folder = Path(mkdtemp(prefix=f"{name}-", dir=self.folder / "bundles"))
        (folder / "config.json").write_bytes(write(changed))
        return folder


@contextmanager
def place(parent: str = "/var/tmp") -> Iterator[Place]:
    """Make the folder and its root; /tmp may be memory, which favours whoever writes."""
    with TemporaryDirectory(prefix="cloche-benchmark-", dir=parent) as name:
        made = Place(Path(name))
        made.folder.chmod(0o755)
        _install_busybox(made.rootfs)
        yield made


def _install_busybox(root: Path) -> None:
    for name in ("bin", "dev", "etc", "proc", "sys", "tmp"):
        (root / name).mkdir(parents=True)
    shutil.copy(_busybox(), root / "bin/busybox")
    subprocess.run(["chroot", root, "/bin/busybox", "--install", "-s", "/bin"], check=True)


def _busybox() -> str:
    path = shutil.which("busybox")
    if path is None:
        raise FileNotFoundError("busybox is not installed: apt install busybox-static")
    return path
