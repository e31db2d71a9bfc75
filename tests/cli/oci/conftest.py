"""What tests of the OCI runtime's command line have: bundles, and a place to keep containers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[3]
PATIENCE = 20
PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"


class Said(NamedTuple):
    """What the program wrote, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def busybox(tmp_path_factory) -> Path:
    """A root file system of one program with many names."""
    return make_busybox(tmp_path_factory.mktemp("busybox"))


def make_busybox(root: Path) -> Path:
    """Fill a directory; what tests share is not as new, for containers leave mount points in it."""
    root.chmod(0o755)
    for name in ("bin", "dev", "etc", "proc", "sys", "tmp"):
        (root / name).mkdir()
    shutil.copy("/bin/busybox", root / "bin")
    subprocess.run([root / "bin/busybox", "--install", "-s", root / "bin"], check=True)
    for link in (root / "bin").iterdir():
        if link.is_symlink():
            link.unlink()
            link.symlink_to("busybox")
    (root / "bin/plain").write_text("not a program")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
    return root


def copy_root(source: Path, place: Path) -> Path:
    """Copy a root, without the devices that containers have left in it: read, one has no end."""
    subprocess.run(["cp", "-a", source, place], check=True)
    shutil.rmtree(place / "dev")
    (place / "dev").mkdir()
    return place


def process(*args: str) -> dict[str, Any]:
    """A process without privileges."""
    return {"args": list(args), "cwd": "/", "env": [PATH], "user": {"uid": 0, "gid": 0}}


def mount(destination: str, type: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": type, "source": type, "options": list(options)}


def document(root: Path, *args: str) -> dict[str, Any]:
    """A configuration that says what most containers want."""
    kinds = ("pid", "network", "ipc", "uts", "mount", "cgroup")
    return {
        "ociVersion": "1.0.2",
        "process": process(*args),
        "root": {"path": str(root)},
        "hostname": "box",
        "mounts": [
            mount("/proc", "proc"),
            mount("/dev", "tmpfs", "nosuid", "mode=755"),
            mount("/dev/pts", "devpts", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
        ],
        "linux": {"namespaces": [{"type": kind} for kind in kinds]},
    }


def program() -> list[str]:
    """The program of this installation; where it is not installed, what it would hand over to."""
    installed = Path(sys.executable).with_name("cloche-oci")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "cloche_cli.oci"]


def environment() -> dict[str, str]:
    """The variables of a user, who tells Python nothing; where nothing is installed, he has to."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if len(program()) == 1:
        return usual
    paths = [str(ROOT / room) for room in ("core", "backends", "cli")]
    return {**usual, "PYTHONPATH": os.pathsep.join(paths)}


class Runtime:
    """The command line, with a place of the test's own."""

    #: Seconds that a command may take.
    limit = 60

    def __init__(self, place: Path, busybox: Path) -> None:
        self.state = place / "state"
        self.place = place
        self.busybox = busybox
        self.program = [*program(), "--root", str(self.state)]
        self.environment = environment()

    def __call__(self, *words: str, input: str = "", before: tuple[str, ...] = ()) -> Said:
        with open(self.place / "out", "w+") as out, open(self.place / "err", "w+") as err:
            # Files, for a container that lives on would hold the writing end of a pipe.
            code = subprocess.run(
                [*self.program, *before, *words],
                input=input,
                stdout=out,
                stderr=err,
                text=True,
                timeout=self.limit,
                env=self.environment,
            ).returncode
            out.seek(0)
            err.seek(0)
            return Said(code, out.read(), err.read())

    def bundle(self, *args: str, change: Callable[[dict[str, Any]], None] | None = None) -> str:
        """Make a bundle that runs ``args``; ``change`` changes its configuration."""
        directory = self.place / f"bundle-{len(list(self.place.glob('bundle-*')))}"
        directory.mkdir()
        config = document(self.busybox, *args)
        # Ids are the test's own, and directories of control groups are the machine's.
        config["linux"]["cgroupsPath"] = f"cloche/{os.getpid()}-{self.place.name}-{directory.name}"
        if change is not None:
            change(config)
        (directory / "config.json").write_text(json.dumps(config))
        return str(directory)

    def run(self, *args: str, change: Callable[[dict[str, Any]], None] | None = None) -> Said:
        """Run a command in a container to its end."""
        return self("run", "--bundle", self.bundle(*args, change=change), "once")

    def create(
        self, *args: str, id: str = "box", change: Callable[[dict[str, Any]], None] | None = None
    ) -> int:
        """Make a container that waits; its pid."""
        bundle = self.bundle(*args, change=change)
        said = self("create", "--bundle", bundle, "--pid-file", str(self.place / "pid"), id)
        assert said.code == 0, said.err
        return int((self.place / "pid").read_text())

    def status(self, id: str = "box") -> str:
        said = self("state", id)
        assert said.code == 0, said.err
        return json.loads(said.out)["status"]

    def until(self, status: str, id: str = "box") -> None:
        """Wait until a container has this status."""
        self.wait_for(lambda: self.status(id) == status)

    @staticmethod
    def wait_for(holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, "it never held"
            time.sleep(0.02)


@pytest.fixture
def oci(tmp_path: Path, busybox: Path) -> Iterator[Runtime]:
    """A runtime whose containers are taken away after the test."""
    if os.geteuid() != 0:
        pytest.skip("bundles with ids of this machine need root")
    runtime = Runtime(tmp_path, busybox)
    yield runtime
    for directory in runtime.state.glob("*"):
        assert runtime("delete", "--force", directory.name).code == 0
    assert list(runtime.state.glob("*")) == []
