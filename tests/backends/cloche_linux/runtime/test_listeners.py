"""Containers of an engine whose filter asks a listener: with an init, without, and executed in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import cloche
from cloche.errors import Unavailable
from cloche_linux.seccomp.tables import numbers

AGENT = str(Path(__file__).parents[3] / "cli/oci/listening/agent.py")
NUMBERS = numbers(os.uname().machine)


class _Asking:
    """A plug-in that has a container's filter ask about ``mkdir``."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    @cloche.hookimpl
    def cloche_prepare_spec(self, request: Any) -> Callable[[Any], Any]:
        return self._change

    def _change(self, spec: Any) -> Any:
        from cloche.spec import LinuxSeccomp, LinuxSyscall

        rule = LinuxSyscall(names=("mkdir", "mkdirat"), action="SCMP_ACT_NOTIFY")
        policy = LinuxSeccomp(
            default_action="SCMP_ACT_ALLOW", listener_path=self.path, syscalls=(rule,)
        )
        return spec.replace(linux=spec.linux.replace(seccomp=policy))


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    refusal = {str(NUMBERS[name]): {"error": 123} for name in ("mkdir", "mkdirat")}
    argv = [sys.executable, "-I", AGENT, str(tmp_path / "agent"), json.dumps(refusal)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[cloche.Engine]:
    plugin = _Asking(tmp_path / "agent")
    with cloche.Engine(runtime="linux", root=tmp_path / "state", plugins=[plugin]) as engine:
        yield engine


def told(agent: subprocess.Popen[str]) -> Any:
    assert agent.stdout is not None
    return json.loads(agent.stdout.readline())


@pytest.mark.parametrize("init", [True, False])
def test_the_process_that_has_the_filter_is_told_of(
    asking: cloche.Engine, busybox: str, agent: subprocess.Popen[str], init: bool
) -> None:
    """With an init that is not the container's first process, which has no filter."""
    with asking.start(["sleep", "60"], rootfs=busybox, init=init) as container:
        state = told(agent)
        status = Path(f"/proc/{state['pid']}/status").read_text("ascii")
        assert "Name:\tsleep\n" in status
        assert "Seccomp:\t2\n" in status
        assert state["state"]["pid"] == container.pid
        assert (state["pid"] == container.pid) is not init
        made = container.run(["sh", "-c", "mkdir /tmp/x 2>&1"], capture_output=True, text=True)
        assert "No medium found" in made.stdout
        container.kill()


def test_where_nobody_listens_nothing_is_left(
    asking: cloche.Engine, busybox: str, agent: subprocess.Popen[str], tmp_path: Path
) -> None:
    agent.kill()
    agent.wait()
    with pytest.raises(Unavailable, match=r"listenerPath: failed to connect .*refused"):
        asking.run(["true"], rootfs=busybox)
    walk = os.walk(tmp_path / "state")  # what is being removed may vanish from under it
    found = [os.path.join(place, name) for place, *names in walk for name in chain(*names)]
    assert not [path for path in found if "containers/" in path]
