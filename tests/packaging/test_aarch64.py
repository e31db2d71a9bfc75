"""The aarch64 wheel under Debian's arm64 Python, in qemu's user mode.

User mode translates the program and hands its system calls to this machine's kernel: enough to load
the extension and to start the helper, not enough for a container.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

VERSION = subprocess.run(
    ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
    capture_output=True, text=True, check=True,
).stdout.strip()  # fmt: skip
PACKAGES = [
    f"python{VERSION}-minimal",
    f"libpython{VERSION}-minimal",
    f"libpython{VERSION}-stdlib",
    "python3-cffi-backend",
    "libc6",
    "libexpat1",
    "libffi8",
    "zlib1g",
]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """Debian's arm64 Python, unpacked beside the system and never installed in it."""
    folder = tmp_path_factory.mktemp("arm64")
    lists, cache = folder / "lists", folder / "cache"
    (lists / "partial").mkdir(parents=True)
    (cache / "archives/partial").mkdir(parents=True)
    apt = ["apt-get", "-q", "-o", "APT::Architecture=arm64", "-o", "APT::Architectures=arm64",
           "-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}",
           "-o", "APT::Sandbox::User=root"]  # fmt: skip
    subprocess.run([*apt, "update"], check=True, capture_output=True)
    subprocess.run([*apt, "download", *PACKAGES], cwd=folder, check=True, capture_output=True)
    for archive in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", archive, folder / "root"], check=True)
    return folder / "root"


@pytest.fixture(scope="module")
def unpacked(snapshot, tmp_path_factory):
    """The wheel's files, as an install would lay them out."""
    out = tmp_path_factory.mktemp("aarch64")
    wheels = [sys.executable, snapshot / "backends/wheels.py", "--out", out]
    command = [*wheels, "manylinux_2_17_aarch64"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    zipfile.ZipFile(done.stdout.strip()).extractall(out / "site")
    return out / "site"


def python(system: Path, site: Path, code: str) -> subprocess.CompletedProcess[str]:
    interpreter = f"{system}/usr/bin/python{VERSION}"
    command = ["qemu-aarch64-static", "-L", system, "-E", f"PYTHONPATH={site}", interpreter]
    return subprocess.run([*command, "-c", code], capture_output=True, text=True, timeout=120)


def test_the_extension_loads(system, unpacked):
    code = "import platform; from cloche_linux._native import lib; print(platform.machine(), lib)"
    done = python(system, unpacked, code)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("aarch64 <Lib object")


def test_the_extension_for_this_machine_does_not_load_there(system, wheel, tmp_path):
    """The control: it is the machine of the wheel that decides."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    done = python(system, tmp_path, "import cloche_linux._native")
    assert done.returncode == 1
    assert "ImportError" in done.stderr
