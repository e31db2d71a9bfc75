"""A store over the service of the tests, layers for it, and tar files of layers."""

from __future__ import annotations

import base64
import io
import os
import struct
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cloche.layers import Layer, RootFilesystem
from cloche_hcs.layers.tarstream import writer

#: What only Windows has.
collect_ignore = [] if sys.platform == "win32" else ["test_privileges.py"]

DESCRIPTOR = struct.pack("<BBHIIII", 1, 0, 0x8000, 20, 0, 0, 0) + bytes.fromhex(
    "01020000000000052000000020020000"
)
TIMES = {
    "mtime": "1655526401.2345678",
    "atime": "1555526400.5",
    "ctime": "1555526401",
    "LIBARCHIVE.creationtime": "1455526400",
}


class LayerTar:
    """A tar file, entry by entry."""

    def __init__(self) -> None:
        self._out = io.BytesIO()
        self._tar = writer(self._out)

    def directory(self, name: str, **headers: str) -> LayerTar:
        return self._add(name, tarfile.DIRTYPE, {"MSWINDOWS.fileattr": "16"} | headers)

    def file(self, name: str, content: bytes = b"", **headers: str) -> LayerTar:
        return self._add(name, tarfile.REGTYPE, {"MSWINDOWS.fileattr": "32"} | headers, content)

    def link(self, name: str, target: str, **headers: str) -> LayerTar:
        headers = {"MSWINDOWS.fileattr": "1024"} | headers
        return self._add(name, tarfile.SYMTYPE, headers, target=target)

    def same(self, name: str, target: str) -> LayerTar:
        return self._add(name, tarfile.LNKTYPE, {}, target=target)

    def bare(self, name: str, content: bytes = b"") -> LayerTar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        self._tar.addfile(entry, io.BytesIO(content))
        return self

    def _add(
        self,
        name: str,
        kind: bytes,
        headers: Mapping[str, str],
        content: bytes = b"",
        target: str = "",
    ) -> LayerTar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.size, entry.linkname = kind, len(content), target
        entry.mtime = 1655526401
        if kind != tarfile.LNKTYPE:
            descriptor = {"MSWINDOWS.rawsd": base64.b64encode(DESCRIPTOR).decode()}
            entry.pax_headers = TIMES | descriptor | dict(headers)
        self._tar.addfile(entry, io.BytesIO(content))
        return self

    def done(self) -> bytes:
        self._tar.close()
        return self._out.getvalue()


def told(data: bytes) -> list[tuple[str, bytes, str, dict[str, str], bytes]]:
    """Say everything that a tar file says."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [
            (entry.name, entry.type, entry.linkname, dict(entry.pax_headers), content(tar, entry))
            for entry in tar
        ]


def content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(entry) if entry.isreg() else None
    return file.read() if file else b""


class Bench:
    """A filter store with two layers, and what the driver was asked."""

    def __init__(self, service, top: Path) -> None:
        from cloche_hcs.layers.store import FilterStore

        self.service = service
        self.home = top / "store"
        self.place = top / "layers"
        for name in ("upper", "base"):
            (self.place / name / "Files").mkdir(parents=True)
        self.layers = tuple(
            Layer(kind="windows", path=self.place / name) for name in ("upper", "base")
        )
        self.store = FilterStore(str(self.home))

    def prepare(
        self, id: str = "c1", form: str = "filter:mounted", size: int | None = None
    ) -> RootFilesystem:
        return self.store.prepare(id, self.layers, form, volatile=False, size=size)

    def folder(self, id: str = "c1") -> Path:
        return self.place / id

    def asked(self) -> list[str]:
        """Name the functions that were called, but for those that only ask for a name."""
        functions = [call["fn"] for call in self.calls()]
        return [each for each in functions if each != "NameToGuid"]

    def calls(self) -> list[Any]:
        """What the driver was asked, in order."""
        return [line for line in self.service.trace() if line["kind"] == "call"]

    def left(self) -> list[str]:
        """Name everything beneath the store's home and beside the layers that is not a layer."""
        beside = [str(path.relative_to(self.place)) for path in self.place.iterdir()]
        inside = [path.relative_to(self.home).as_posix() for path in self.home.rglob("*.*")]
        return sorted({*beside, *inside} - {"upper", "base"})


@pytest.fixture
def bench(service, tmp_path: Path) -> Bench:
    """Roots may stay mounted when a test is over; a test that is about that counts them."""
    service.expect_left("activated", "prepared")
    return Bench(service, tmp_path)


#: Lets a process of its own use the service, and tell when one of its calls hangs.
PRELUDE = """
import ctypes, json, sys, threading, time
from importlib.util import module_from_spec, spec_from_file_location

import cloche_hcs

binding, service, *arguments = sys.argv[1:]
if sys.platform != "win32":
    spec = spec_from_file_location("cloche_hcs._vmcompute", binding)
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    cloche_hcs._vmcompute = module
    from cloche_hcs.vmcompute import use_library

    use_library(service)


def watch():
    library, room = ctypes.CDLL(service), ctypes.create_string_buffer(65536)
    while True:
        library.cloche_service_counts(room, ctypes.c_size_t(65536))
        if json.loads(room.value)["hanging"]:
            print("hanging", flush=True)
        time.sleep(0.01)


threading.Thread(target=watch, daemon=True).start()
"""


@pytest.fixture
def killed(service, tmp_path: Path):
    """Kill a process where a call hangs: ``killed(script, rule, argument, …)``."""

    def kill(script: str, rule: str, *arguments: str) -> None:
        rules = tmp_path / "rules"
        rules.write_text(f"pace\t0\n{rule}\n")
        binding = sys.modules["cloche_hcs._vmcompute"].__file__
        environment = os.environ | {
            "ORACLE_DLL_CONFIG": str(rules),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        environment.pop("ORACLE_TRACE", None)
        command = [sys.executable, "-c", PRELUDE + script, str(binding), str(service.path)]
        with subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, env=environment
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == b"hanging"
            process.kill()

    return kill


@pytest.fixture
def tars():
    """The maker of tar files."""
    return LayerTar


@pytest.fixture(name="told")
def told_fixture():
    """The reader of tar files."""
    return told
