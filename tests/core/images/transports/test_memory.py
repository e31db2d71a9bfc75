"""Whatever the size of an image, a process that brings or writes it stays small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
#: Of bytes that no compression makes smaller.
SIZE = 150 * 1024 * 1024
MOST = 80 * 1024 * 1024
PEERS = Path(__file__).parents[3] / "peers"

HEAD = """
import os, sys, tarfile
from cloche.images.content import Content
from cloche.images.transports import *
from cloche.images.image_config import ImageConfig, RootFS
place, size = sys.argv[1], int(sys.argv[2])
content, other = Content(place + "/here"), Content(place + "/there")

def pieces():
    info = tarfile.TarInfo("big")
    info.size = size
    yield info.tobuf()
    yield from (os.urandom(1 << 20) for _ in range(size >> 20))
    yield bytes(1024)

class Pipe:
    def __init__(self):
        self.pieces, self.rest = pieces(), b""
    def read(self, size):
        self.rest = self.rest or next(self.pieces, b"")
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

def image(layer, lease):
    config = ImageConfig(os="linux", architecture="amd64", rootfs=RootFS(diff_ids=(layer.diff_id,)))
    return assemble([layer.descriptor], config, content, lease=lease)
"""
TAIL = """
# getrusage's number is never less than that of the process it was forked from.
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")))
"""
IMPORT = """
with content.leases.hold(reason="test") as lease:
    content.names.set("a:1", image(import_layer(Pipe(), content, lease=lease), lease))
"""
TASKS = {
    "write": "write_archive(content, [Named('a:1', content.names.get('a:1'))], place + '/out.tar')",
    "read": """
with other.leases.hold(reason="test") as lease:
    read_archive(place + "/out.tar", other, lease=lease)
""",
    "read gzip": """
with other.leases.hold(reason="test") as lease:
    read_archive(place + "/out.tar.gz", other, lease=lease)
""",
    "verify": "assert content.verify() == []",
}


def memory(place: Path, task: str) -> int:
    """The most memory that a process has taken for it, in bytes."""
    command = [sys.executable, "-c", HEAD + task + TAIL, str(place), str(SIZE)]
    return int(subprocess.check_output(command))


def test_no_task_takes_more_than_80_mib(tmp_path):
    taken = {"import": memory(tmp_path, IMPORT)}
    for name in ("write", "read", "verify"):
        taken[name] = memory(tmp_path, TASKS[name])
    with open(tmp_path / "out.tar.gz", "wb") as file:
        subprocess.run(["gzip", "-1", "-c", tmp_path / "out.tar"], stdout=file, check=True)
    (tmp_path / "out.tar").unlink()
    for name in ("there", "here"):
        subprocess.run(["rm", "-r", tmp_path / name], check=True)
    taken["read gzip"] = memory(tmp_path, TASKS["read gzip"])
    assert {name: size for name, size in taken.items() if size > MOST} == {}
    assert len(taken) == 5


def test_a_bomb_of_headers_takes_none(tmp_path):
    """A header of a gigabyte, compressed to a megabyte."""
    task = """
import gzip, io
from cloche.errors import ImageError
info = tarfile.TarInfo("x")
info.type, info.size = tarfile.XHDTYPE, 1 << 30
with gzip.open(place + "/bomb.gz", "wb", compresslevel=1) as file:
    file.write(info.tobuf())
    for _ in range(64):
        file.write(bytes(1 << 20))
try:
    with other.leases.hold(reason="test") as lease:
        read_archive(place + "/bomb.gz", other, lease=lease)
except ImageError as error:
    assert "longer than" in str(error), error
else:
    raise SystemExit("it was read")
"""
    assert memory(tmp_path, task) < MOST
