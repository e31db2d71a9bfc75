"""A root file system for containers of the native runtime."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def open_place() -> Iterator[Path]:
    """A directory that everyone may read, as pytest's own are not."""
    place = Path(tempfile.mkdtemp(prefix="cloche-test-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="session")
def busybox(open_place: Path) -> str:
    """A root of one static program under all its names."""
    root = open_place / "busybox"
    root.mkdir()
    for directory in ("bin", "etc", "root"):
        (root / directory).mkdir()
    names = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True)
    (root / "bin/busybox").write_bytes(Path("/bin/busybox").read_bytes())
    (root / "bin/busybox").chmod(0o755)
    for name in names.stdout.split():
        if name != "busybox":
            (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nann:x:1000:\nstaff:x:50:ann\n")
    return str(root)
