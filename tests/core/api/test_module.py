"""The module's own verbs, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

import cloche
import cloche_stdio.plugin
from cloche import PIPE, Engine, api
from cloche.testing import FakeBackend


@pytest.fixture
def default(place, monkeypatch) -> Iterator[Engine]:
    """The fake in the place of the default engine."""
    with Engine(root=place, plugins=[FakeBackend(), cloche_stdio.plugin]) as engine:
        monkeypatch.setattr(api, "_engine", engine)
        yield engine


def test_run_start_get_list_and_backends(default):
    assert cloche.run(["echo", "hi"], stdout=PIPE, text=True).stdout == "hi\n"
    with cloche.start(idle=True, name="box") as box:
        assert cloche.get("box").id == box.id
        assert [c.name for c in cloche.list()] == ["box"]
    assert cloche.list(all=True) == []
    assert "fake" in {backend.name for backend in cloche.backends()}


def test_the_default_engine_is_made_once(monkeypatch, place):
    monkeypatch.setenv("CLOCHE_ROOT", str(place))
    monkeypatch.setattr(api, "_engine", None)
    assert api.default_engine() is api.default_engine()


def python(code: str) -> list[str]:
    return subprocess.check_output([sys.executable, "-c", code], text=True).split()


def test_importing_imports_next_to_nothing():
    ours = python("import sys, cloche; print(*(m for m in sys.modules if m.startswith('cloche')))")
    assert ours == ["cloche"]


HEAVY = [
    "asyncio", "ctypes", "email", "importlib.metadata", "logging", "pydantic", "shutil", "socket",
    "subprocess", "tempfile", "urllib.request", "zipfile",
]  # fmt: skip


def test_a_cold_run_imports_nothing_heavy(place):
    loaded = python(
        "import sys\nbefore = set(sys.modules)\n"
        "import cloche_stdio.plugin\nfrom cloche import Engine\n"
        "from cloche.testing import FakeBackend\n"
        f"engine = Engine(root={str(place)!r}, plugins=[FakeBackend(), cloche_stdio.plugin])\n"
        "engine.run(['true'])\nprint(*(set(sys.modules) - before))"
    )
    assert set(loaded) & set(HEAVY) <= {"shutil"}  # which only the fake needs


def test_a_forked_child_has_containers_of_its_own(engine):
    """Its parent's are not its to remove, and it leaves none."""
    import os

    with engine.start(idle=True) as container:
        child = os.fork()
        if not child:
            code = engine.run(["true"], stdout=-3).returncode
            os._exit(0 if code == 0 and len(engine.list()) == 1 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert container.state.value == "running"
