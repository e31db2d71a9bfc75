"""Containers from a whole specification, in two steps: created, then started."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import cloche
from cloche import PIPE, BackendError, CommandFailed, InvalidState, NotFound, State
from cloche.defaults import linux_process, linux_spec
from cloche.spec import Box, Hook, Hooks, Root, Spec


@pytest.fixture
def root(busybox: str, open_place: Path, request: pytest.FixtureRequest) -> str:
    """A root of the test's own, which a container may change."""
    place = open_place / f"root-{request.node.name}"
    shutil.copytree(busybox, place, symlinks=True)
    return str(place)


def spec(root: str, *command: str) -> Spec:
    return linux_spec(linux_process(command), root=Root(path=root), hostname="box")


def test_nothing_runs_before_the_start(engine: cloche.Engine, root: str) -> None:
    container = engine.create(spec(root, "sh", "-c", "touch /ran; hostname; exit 3"), stdout=PIPE)
    assert (container.state, container.poll()) == (State.CREATED, None)
    assert not Path(root, "ran").exists()
    container.start()
    assert container.stdout is not None
    assert (container.stdout.read(), container.wait()) == (b"box\n", 3)
    assert (container.state, container.inspect().status) == (State.STOPPED, container.status)
    container.remove()
    with pytest.raises(NotFound):
        container.remove()


def test_its_root_is_used_as_it_is(engine: cloche.Engine, root: str) -> None:
    container = engine.create(spec(root, "sh", "-c", "echo kept >/file"))
    container.start()
    assert container.wait() == 0
    container.remove()
    assert Path(root, "file").read_text() == "kept\n"


def test_its_command_is_process_1(engine: cloche.Engine, root: str) -> None:
    container = engine.create(spec(root, "sh", "-c", "echo $$"), stdout=PIPE, text=True)
    container.start()
    assert container.communicate()[0] == "1\n"
    container.remove()


def test_a_read_only_root_stays_that(engine: cloche.Engine, root: str) -> None:
    wanted = spec(root, "touch", "/file").replace(root=Root(path=root, readonly=True))
    container = engine.create(wanted, stderr=PIPE, text=True)
    container.start()
    assert "Read-only file system" in (container.communicate()[1] or "")
    container.remove()


def test_a_terminal_comes_with_the_specification(engine: cloche.Engine, root: str) -> None:
    process = linux_process(("stty", "size"), terminal=True)
    process = process.replace(console_size=Box(height=31, width=77))
    container = engine.create(linux_spec(process, root=Root(path=root)))
    container.start()
    assert container.stdout is not None
    assert container.stdout.read(5) == b"31 77"
    container.wait()
    container.remove()
    container.close()


def test_what_was_created_can_be_removed(engine: cloche.Engine, root: str) -> None:
    container = engine.create(spec(root, "true"), id="mine", name="web")
    assert container.id == "mine"
    engine.get("web").remove()
    container.close()
    with pytest.raises(NotFound):
        engine.get("mine")


def test_what_was_created_can_be_stopped(engine: cloche.Engine, root: str) -> None:
    container = engine.create(spec(root, "true"))
    container.stop()
    assert (container.state, container.returncode) == (State.STOPPED, -9)
    with pytest.raises(InvalidState, match="start needs a created container"):
        container.start()
    container.remove()


def test_a_start_that_fails_leaves_it_stopped_and_says_why(
    engine: cloche.Engine, root: str
) -> None:
    container = engine.create(spec(root, "no-such"))
    with pytest.raises(CommandFailed, match="no-such"):
        container.start()
    assert container.state is State.STOPPED
    assert "no-such" in str(container.inspect().error)
    assert engine.get(container.id).inspect() == container.inspect()
    container.remove()


def test_another_engine_finds_it(engine: cloche.Engine, root: str, tmp_path: Path) -> None:
    container = engine.create(spec(root, "sleep", "600"))
    with cloche.Engine(runtime="linux", root=tmp_path / "state") as other:
        found = other.get(container.id)
        assert (found.state, found.poll()) == (State.CREATED, None)
        container.start()
        assert (found.state, found.pid) == (State.RUNNING, container.pid)
        found.close()
    container.remove(force=True)


def test_only_its_maker_can_start_it(engine: cloche.Engine, root: str) -> None:
    container = engine.create(spec(root, "true"))
    found = engine.get(container.id)
    with pytest.raises(InvalidState, match="only the process that created it can start it"):
        found.start()
    found.close()
    container.remove(force=True)


def test_it_can_execute_further_processes(engine: cloche.Engine, root: str) -> None:
    container = engine.create(spec(root, "sleep", "600"))
    with pytest.raises(InvalidState):
        container.run(["true"])
    container.start()
    assert container.run(["hostname"], capture_output=True).stdout == b"box\n"
    whole = linux_process(("sh", "-c", "echo $A; pwd"), env=("A=1",), cwd="/etc")
    assert container.run(whole, capture_output=True).stdout == b"1\n/etc\n"
    container.remove(force=True)


def test_a_hook_that_fails_leaves_nothing(engine: cloche.Engine, root: str) -> None:
    wanted = spec(root, "true").replace(hooks=Hooks(create_runtime=(Hook(path="/bin/false"),)))
    with pytest.raises(BackendError, match=r"createRuntime hook .0: /bin/false: exit 1"):
        engine.create(wanted)
    assert engine.list(all=True) == []
