"""A Debian kernel and its modules, downloaded once and unpacked beside nothing else.

Nothing is installed: the package is fetched with ``apt-get download`` and unpacked into the user's
cache directory.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Kernel", "NoKernel", "debian_kernel"]

#: What virtual machines need, a quarter of the size of the full one.
META_PACKAGE = "linux-image-cloud-amd64"


class NoKernel(Exception):
    """No kernel can be had; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """One unpacked kernel package."""

    image: Path
    modules: Path

    def load_order(self, *names: str) -> list[Path]:
        """Files of these modules and of all they depend on, in the order to load them."""
        files = {_name(path): path for path in self.modules.rglob("*.ko*")}
        order: dict[str, Path] = {}
        for name in names:
            self._add(name, files, order)
        return list(order.values())

    def _add(self, name: str, files: dict[str, Path], order: dict[str, Path]) -> None:
        if name in order or name not in files:
            return
        found = re.search(rb"\0depends=([^\0]*)\0", module(files[name]))
        for dependency in found[1].decode().split(",") if found else []:
            self._add(dependency, files, order)
        order[name] = files[name]


def module(path: Path) -> bytes:
    """A module's content, as the kernel loads it."""
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def debian_kernel() -> Kernel:
    """Find the newest cloud kernel that apt knows in the cache, or fetch it; raises NoKernel."""
    package = _package()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "cloche-tests")
    home = cache / package
    if not home.is_dir():
        _fetch(package, home)
    images = sorted(home.glob("boot/vmlinuz-*"))
    if not images:
        raise NoKernel(f"{home} has no kernel in it")
    modules = [path for path in (home / "lib/modules", home / "usr/lib/modules") if path.is_dir()]
    return Kernel(image=images[-1], modules=modules[0])


def _package() -> str:
    answer = _run("apt-cache", "depends", "--important", META_PACKAGE)
    found = re.search(r"Depends: (linux-image-\S+)", answer)
    if not found:
        raise NoKernel(f"apt knows no package {META_PACKAGE}")
    return found[1]


def _fetch(package: str, home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as directory:
        _run("apt-get", "download", "-q", package, cwd=directory)
        (archive,) = Path(directory).glob("*.deb")
        unpacked = Path(directory, "unpacked")
        _run("dpkg-deb", "-x", str(archive), str(unpacked))
        try:
            unpacked.rename(home)
        except OSError:  # another worker was faster
            shutil.rmtree(unpacked)


def _run(*command: str, cwd: str | None = None) -> str:
    try:
        result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    except FileNotFoundError as error:
        raise NoKernel(f"no {command[0]} here") from error
    if result.returncode:
        raise NoKernel(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout


def _name(path: Path) -> str:
    return path.name.partition(".ko")[0].replace("-", "_")
