"""A bus of the test's own, served by the daemon that most machines have."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={address}</listen><policy context="default">
<allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
</policy></busconfig>
"""


class Served(NamedTuple):
    """Where the bus is, and the process that serves it."""

    address: str
    daemon: subprocess.Popen[str]


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Served]:
    address, file = tmp_path / "bus", tmp_path / "bus.conf"
    file.write_text(CONFIGURATION.format(address=address))
    command = ["dbus-daemon", "--nofork", "--print-address", f"--config-file={file}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline().startswith("unix:path=")
        yield Served(str(address), daemon)
        daemon.kill()
