"""A root file system and an engine of its own for each test; whatever a test makes, goes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import cloche


@pytest.fixture(scope="session")
def busybox(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A root of one static program under all its names."""
    root = tmp_path_factory.mktemp("busybox")
    root.chmod(0o755)
    (root / "bin").mkdir()
    names = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True)
    (root / "bin/busybox").write_bytes(Path("/bin/busybox").read_bytes())
    (root / "bin/busybox").chmod(0o755)
    for name in names.stdout.split():
        if name != "busybox":
            (root / "bin" / name).symlink_to("busybox")
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nann:x:1000:\nstaff:x:50:ann\n")
    (root / "root").mkdir(mode=0o700)
    return str(root)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[cloche.Engine]:
    with cloche.Engine(runtime="linux", root=tmp_path / "state") as engine:
        yield engine
    left = [path for path in (tmp_path / "state").rglob("*") if "containers/" in str(path)]
    assert left == [], "something of a container stays behind"


@pytest.fixture(scope="session")
def all_asked() -> None:
    """What is opened on first use is open: to ask all backends takes seconds."""
    cloche.backends()


@pytest.fixture(autouse=True)
def no_descriptor_more(all_asked: None) -> Iterator[None]:
    """Every test gives back the descriptors it opened."""
    before = len(os.listdir("/proc/self/fd"))
    yield
    deadline = time.monotonic() + 5  # what is thrown away is removed in the background
    while len(os.listdir("/proc/self/fd")) > before + 2:
        assert time.monotonic() < deadline, os.listdir("/proc/self/fd")
        time.sleep(0.01)
