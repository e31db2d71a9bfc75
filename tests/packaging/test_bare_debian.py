"""The README's first command, as it stands there, on a machine with nothing but Debian's base."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MIRROR = "http://deb.debian.org/debian"
AS_HERE = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs", "/etc/pip.conf", "/etc/xdg/pip")


@pytest.fixture
def debian(tmp_path, checkout):
    """Debian's smallest system, with git and a clone; it reaches packages as this machine does."""
    system = tmp_path / "debian"
    command = ["debootstrap", "--variant=minbase", "--include=git,ca-certificates"]
    subprocess.run([*command, "bookworm", system, MIRROR], check=True, capture_output=True)
    shutil.copytree(checkout, system / "root/cloche")
    yield system
    shutil.rmtree(system)


def inside(system: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Runs a line of shell with that system as its root, and all that root may do."""
    shared = [word for path in AS_HERE if Path(path).exists() for word in ("--ro-bind", path, path)]
    environment = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    environment |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    return subprocess.run(
        ["bwrap", "--bind", system, "/", "--dev-bind", "/dev", "/dev", "--bind", "/sys", "/sys",
         "--proc", "/proc", *shared, "--unshare-pid", "--die-with-parent", "--cap-add", "ALL",
         "--chdir", "/root/cloche", "sh", "-c", line],
        env=environment, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_one_line_installs_and_runs_a_container(debian):
    (line,) = re.findall(r"^```sh\n(.*)\n```$", (ROOT / "README.md").read_text(), re.MULTILINE)
    without = subprocess.run(["chroot", debian, "sh", "-c", "command -v gcc python3"])
    assert without.returncode != 0
    done = inside(debian, line)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("Linux ")
