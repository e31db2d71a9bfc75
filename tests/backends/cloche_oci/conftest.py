"""Runtimes that fail in one way each, and a bench to make containers with them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cloche.creation import BackendContext, CreateRequest
from cloche.errors import ClocheError
from cloche.layers import RootFilesystem
from cloche.runtime import RuntimeContainer
from cloche.testing.subject import default_spec
from cloche_oci.calling import Ends
from cloche_oci.runtime import OciRuntime


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    """A root of one static program."""
    root = tmp_path / "rootfs"
    for name in ("bin", "proc", "dev", "sys"):
        (root / name).mkdir(parents=True)
    shutil.copy2("/bin/busybox", root / "bin/busybox")
    for name in ("sh", "sleep", "true"):
        (root / "bin" / name).symlink_to("busybox")
    return root


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """Make a program of a few lines of shell; ``$real`` is a runtime that works."""
    real = shutil.which("runc") or "/usr/sbin/runc"

    def make(script: str) -> str:
        path = tmp_path / "runtime"
        path.write_text(f'#!/bin/sh\nreal={real}\n{script}\nexec $real "$@"\n')
        path.chmod(0o755)
        return str(path)

    return make


class Bench:
    """Makes containers of one runtime, whose only file is busybox."""

    def __init__(self, place: Path, rootfs: Path, argument: str) -> None:
        self.place = place
        self.home = place / "home"
        self.rootfs = rootfs
        context = BackendContext(home=self.home, owner="test", argument=argument)
        self.runtime = OciRuntime(context)
        self.made: list[RuntimeContainer] = []
        self._nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        self.streams = Ends((self._nothing,) * 3)

    def request(self, *args: str, timeout: float | None = None) -> CreateRequest:
        state = self.place / f"state-{len(self.made)}"
        state.mkdir(exist_ok=True)
        return CreateRequest(
            id=f"bench-{os.getpid()}-{os.urandom(4).hex()}",
            spec=default_spec("bench", args, None),
            state=state,
            timeout=timeout,
        )

    def create(self, request: CreateRequest) -> RuntimeContainer:
        root = RootFilesystem(form="path", path=str(self.rootfs))
        container = self.runtime.create(request, root, self.streams)
        self.made.append(container)
        return container

    def start(self, *args: str) -> RuntimeContainer:
        container = self.create(self.request(*args))
        container.start(self.streams)
        return container

    def close(self) -> None:
        for container in self.made:
            with suppress(ClocheError):
                container.delete()
            container.close()
        os.close(self._nothing)


@pytest.fixture
def bench(tmp_path: Path, rootfs: Path) -> Iterator[Callable[[str], Bench]]:
    """A bench for a runtime, by its name or path."""
    made: list[Bench] = []

    def make(argument: str) -> Bench:
        made.append(Bench(tmp_path, rootfs, argument))
        return made[-1]

    yield make
    for each in made:
        each.close()
