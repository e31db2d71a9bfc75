"""Containers that live on are found again by whoever has their directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cloche.creation import BackendContext
from cloche.errors import NotFound
from cloche.runtime import RuntimeContainer, State
from cloche_oci.calling import Ends
from cloche_oci.runtime import OciRuntime

#: Makes a container in a process of its own, which ends at once.
MAKER = """
import os, sys
from pathlib import Path
from cloche.creation import BackendContext, CreateRequest
from cloche.layers import RootFilesystem
from cloche.runtime import Lifetime
from cloche.testing.subject import default_spec
from cloche_oci.calling import Ends
from cloche_oci.runtime import OciRuntime
place, rootfs, argument = sys.argv[1:]
runtime = OciRuntime(BackendContext(home=Path(place, "home"), owner="test", argument=argument))
state = Path(place, "state")
state.mkdir()
spec = default_spec("box", ("sh", "-c", "sleep 600 & wait; exit 9"), None)
null = os.open(os.devnull, os.O_RDWR)
request = CreateRequest(id="box", spec=spec, state=state, lifetime=Lifetime.DETACHED)
runtime.accepts(request)
runtime.create(request, RootFilesystem(form="path", path=rootfs), Ends((null,) * 3))
os._exit(0)
"""


@pytest.fixture(params=["crun", "runc"])
def argument(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def make(place: Path, rootfs: Path, argument: str) -> None:
    command = [sys.executable, "-c", MAKER, str(place), str(rootfs), argument]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def find(place: Path, argument: str) -> tuple[OciRuntime, RuntimeContainer]:
    context = BackendContext(home=place / "home", owner="test", argument=argument)
    runtime = OciRuntime(context)
    return runtime, runtime.load("box", place / "state", None)


def test_its_maker_dies_and_another_starts_ends_and_removes_it(
    tmp_path: Path, rootfs: Path, argument: str
) -> None:
    make(tmp_path, rootfs, argument)
    runtime, box = find(tmp_path, argument)
    assert box.state() is State.CREATED
    assert [(status.id, status.state) for status in runtime.list()] == [("box", State.CREATED)]
    box.start(Ends((-1, -1, -1)))
    assert box.state() is State.RUNNING
    assert box.init is not None
    assert len(box.pids()) >= 2
    box.close()
    _, again = find(tmp_path, argument)
    assert again.init is not None
    again.init.kill(15)
    assert again.init.exit.wait(20).exit_code == 143
    again.close()
    runtime, third = find(tmp_path, argument)
    assert third.state() is State.STOPPED
    assert third.init is not None
    assert third.init.exit.poll() == again.init.exit.poll()  # noted for whoever comes
    third.delete()
    assert runtime.list() == []
    with pytest.raises(NotFound):
        find(tmp_path, argument)
