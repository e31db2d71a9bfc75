"""A virtual machine without hardware help: Debian's kernel, this Python, this checkout."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .archive import Archive
from .kernel import module

if TYPE_CHECKING:
    from .kernel import Kernel

__all__ = ["EMULATOR", "Guest", "Outcome"]

EMULATOR = "qemu-system-x86_64"
HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
MODULES = ("overlay", "lzo_rle", "zram", "loop", "veth")
MARKER = "cloche-guest:"
PACKAGES = (
    "pytest",
    "_pytest",
    "pluggy",
    "iniconfig",
    "packaging",
    "pygments",
    "py.py",
    "_cffi_backend*",
    "cloche*",
)

#: Parts of the standard library that are large and that nobody in the guest needs.
UNNEEDED = {
    "config-*", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "dist-packages",
    "test", "tests", "tkinter", "turtledemo", "_test*", "*.opt-?.pyc", "*.a", "*.whl",
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """How a command in the guest ended, and what it wrote."""

    code: int
    output: str


class Guest:
    """Boots anew for each command; what it changes is gone afterwards."""

    def __init__(self, kernel: Kernel, directory: Path) -> None:
        self._kernel = kernel
        self._directory = directory

    def run(self, *command: str, timeout: float = 300) -> Outcome:
        """Run a command as root in the checkout's directory."""
        initrd = self._directory / "initrd"
        with tempfile.NamedTemporaryFile(dir=self._directory) as file:
            own = Archive()
            own.file("/command", f"exec {shlex.join(command)}\n".encode())
            own.write(Path(file.name))
            # The kernel unpacks archives that follow each other as if they were one.
            initrd = Path(file.name)
            with initrd.open("ab") as out:
                out.write(self._base)
            result = subprocess.run(
                self._machine(initrd),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
            )
        return _outcome(result.stdout.decode(errors="replace") + result.stderr.decode())

    @cached_property
    def _base(self) -> bytes:
        archive = Archive()
        archive.file("/init", (HERE / "init.sh").read_bytes(), 0o755)
        for mount_point in ("/proc", "/sys", "/dev", "/tmp", "/run", "/etc", "/root", "/var"):
            archive.directory(mount_point)
        _system(archive)
        _python(archive)
        for number, path in enumerate(self._kernel.load_order(*MODULES)):
            archive.file(f"/modules/{number:02}-{path.name.removesuffix('.xz')}", module(path))
        for folder in ("core", "backends", "tests"):
            archive.tree(CHECKOUT / folder, lambda path: path.name != "wheels")
        archive.take(CHECKOUT / "pyproject.toml")
        archive.libraries()
        target = self._directory / "base"
        archive.write(target)
        return target.read_bytes()

    def _machine(self, initrd: Path) -> list[str]:
        console = "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off clocksource=hpet"
        return [
            EMULATOR, "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max",
            "-smp", "2", "-m", "1536", "-nodefaults", "-no-user-config", "-display", "none",
            "-serial", "stdio", "-no-reboot",
            "-kernel", str(self._kernel.image), "-initrd", str(initrd), "-append", console,
        ]  # fmt: skip


def _system(archive: Archive) -> None:
    for path in ("/bin", "/bin/busybox", shutil.which("unshare") or "unshare"):
        archive.take(Path(path))
    users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"
    archive.file("/etc/passwd", users.encode())
    archive.file("/etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    variables = {
        "PATH": f"{Path(sys.executable).parent}:/bin:/usr/bin",
        "PYTHONPATH": f"{CHECKOUT}/core:{CHECKOUT}/backends",
        "CLOCHE_GUEST": "1",
        "HOME": "/root",
        "TERM": "dumb",
    }
    text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    text += f"DIRECTORY={shlex.quote(str(CHECKOUT))}\nMARKER={MARKER}\n"
    archive.file("/environment", text.encode())


def _python(archive: Archive) -> None:
    archive.take(Path(sys.executable))
    archive.tree(Path(sysconfig.get_path("stdlib")), _needed)
    if sys.prefix != sys.base_prefix:
        archive.take(Path(sys.prefix, "pyvenv.cfg"))
    packages = Path(sysconfig.get_path("purelib"))
    for pattern in PACKAGES:
        for path in packages.glob(pattern):
            archive.tree(path, _needed) if path.is_dir() else archive.take(path)


def _needed(path: Path) -> bool:
    return not any(path.match(pattern) for pattern in UNNEEDED)


def _outcome(console: str) -> Outcome:
    text = console.replace("\r", "")
    found = re.search(f"{MARKER} begin\n(.*)^{MARKER} exit (\\d+)$", text, re.S | re.M)
    if not found:
        raise RuntimeError(f"the guest did not get to the end:\n{text[-4000:]}")
    return Outcome(int(found[2]), found[1])


def missing_program() -> str | None:
    """Name a program without which there is no guest."""
    needed = (EMULATOR, "busybox", "unshare", "ldd")
    return next((name for name in needed if not shutil.which(name)), None)
