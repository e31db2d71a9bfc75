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
from .systemd import add_systemd

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
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_*",
)

USERS = (("root", 0), ("messagebus", 100), ("ann", 1000), ("nobody", 65534))
GROUPS = (*USERS, ("tty", 5), ("utmp", 43))

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

    def __init__(
        self,
        kernel: Kernel,
        directory: Path,
        *,
        systemd: bool = False,
        policy: bytes | None = None,
    ) -> None:
        self._kernel = kernel
        self._directory = directory
        self._systemd = systemd
        #: Of SELinux, which is on then.
        self._policy = policy

    def run(self, *command: str, timeout: float = 900) -> Outcome:
        """Run a command as root in the checkout's directory."""
        own = Archive()
        own.file("/command", f"exec {shlex.join(command)}\n".encode())
        with tempfile.NamedTemporaryFile(dir=self._directory) as file:
            # The kernel unpacks archives that follow each other as if they were one.
            file.write(own.content() + self._base)
            file.flush()
            result = subprocess.run(
                self._machine(file.name),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
            )
        return _outcome(result.stdout.decode(errors="replace") + result.stderr.decode())

    @cached_property
    def _base(self) -> bytes:
        archive = Archive()
        for mount_point in ("/proc", "/sys", "/dev", "/tmp", "/run", "/etc", "/root", "/var"):
            archive.directory(mount_point)
        _system(archive)
        _python(archive)
        for number, path in enumerate(self._kernel.load_order(*MODULES)):
            archive.file(f"/modules/{number:02}-{path.name.removesuffix('.xz')}", module(path))
        for folder in ("core", "backends", "cli", "tests"):
            archive.tree(CHECKOUT / folder)
        archive.take(CHECKOUT / "pyproject.toml")
        if self._systemd:
            add_systemd(archive)
        if self._policy is not None:
            archive.file("/policy", self._policy)
        archive.libraries()
        return archive.content()

    def _machine(self, initrd: str) -> list[str]:
        console = "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off clocksource=hpet"
        # A busy machine is late for the check, and the kernel takes that for a broken timer.
        console += " no_timer_check"
        console += " lsm=selinux" if self._policy is not None else ""
        return [
            EMULATOR, "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max",
            "-smp", "2", "-m", "1536", "-nodefaults", "-no-user-config", "-display", "none",
            "-serial", "stdio", "-no-reboot",
            "-kernel", str(self._kernel.image), "-initrd", initrd, "-append", console,
        ]  # fmt: skip


def _system(archive: Archive) -> None:
    archive.file("/init", (HERE / "init.sh").read_bytes(), 0o755)
    archive.file("/main.sh", (HERE / "main.sh").read_bytes())
    for path in ("/bin", "/bin/busybox", shutil.which("unshare") or "unshare"):
        archive.take(Path(path))
    archive.file("/etc/passwd", "".join(f"{u}:x:{n}:{n}::/:/bin/sh\n" for u, n in USERS).encode())
    archive.file("/etc/group", "".join(f"{u}:x:{n}:\n" for u, n in GROUPS).encode())
    variables = {
        "PATH": f"{Path(sys.executable).parent}:/bin:/usr/bin",
        "PYTHONPATH": f"{CHECKOUT}/core:{CHECKOUT}/backends:{CHECKOUT}/cli",
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
