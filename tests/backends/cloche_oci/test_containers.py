"""Real containers by other people's runtimes, through the engine, as those of our own runtime."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloche import Engine, Mount, Reason
from cloche.documents import read
from cloche.errors import CommandFailed, InvalidSpec, NotFound
from cloche.runtime import State
from cloche.spec import LinuxPids, LinuxResources, Spec

TEXT = {"capture_output": True, "text": True}


@pytest.fixture(params=["crun", "runc"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with Engine(root=str(tmp_path / "cloche"), runtime=f"oci:{request.param}") as made:
        yield made


def test_what_is_run_ends_as_it_ended(engine: Engine) -> None:
    told = engine.run(["sh", "-c", "echo out; echo err >&2; exit 3"], **TEXT)
    assert (told.stdout, told.stderr, told.returncode) == ("out\n", "err\n", 3)
    assert engine.run(["sh", "-c", "kill -USR1 $$"]).returncode == -10


@pytest.mark.parametrize("runtime", ["crun", "runc"])
def test_the_engines_place_may_have_a_colon(runtime: str, tmp_path: Path) -> None:
    with Engine(root=str(tmp_path / "a:b"), runtime=f"oci:{runtime}") as engine:
        assert engine.run(["echo", "ran"], **TEXT).stdout == "ran\n"
        with pytest.raises(CommandFailed, match="command not found: missing"):
            engine.run(["missing"])
        assert list(engine.list(all=True)) == []


def test_too_much_memory_is_told_apart(engine: Engine) -> None:
    told = engine.run(["sh", "-c", "x=a; while :; do x=$x$x; done"], memory="32M", **TEXT)
    assert (told.returncode, told.reason) == (-9, Reason.OOM)
    killed = engine.run(["sh", "-c", "kill -9 $$"], memory="32M")
    assert (killed.returncode, killed.reason) == (-9, Reason.SIGNAL)


def test_processes_are_limited(engine: Engine) -> None:
    script = "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait"
    assert engine.run(["sh", "-c", script], pids_limit=50, **TEXT).stderr == ""
    assert "fork" in engine.run(["sh", "-c", script], pids_limit=5, **TEXT).stderr


def test_the_root_is_the_containers_own(engine: Engine) -> None:
    """What it writes is seen by nobody else, on this machine neither."""
    place = f"/usr/cloche-oci-{os.getpid()}"
    assert engine.run(["sh", "-c", f"echo x > {place}; cat {place}"], **TEXT).stdout == "x\n"
    assert not os.path.exists(place)
    assert engine.run(["cat", place], **TEXT).returncode == 1


def test_mounts_and_files_are_there(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/file").write_text("from the host")
    told = engine.run(
        ["sh", "-c", "cat /data/file /work/given; touch /data/new"],
        mounts=[Mount.bind(str(tmp_path / "data"), "/data", read_only=True)],
        files={"/work/given": " and given"},
        **TEXT,
    )
    assert told.stdout == "from the host and given"
    assert "Read-only file system" in told.stderr


def test_a_mount_that_is_not_there_is_refused_before_anything_is_made(engine: Engine) -> None:
    with pytest.raises(InvalidSpec, match="/nonexistent"):
        engine.run(["true"], mounts=[Mount.bind("/nonexistent", "/data")])
    assert engine.list(all=True) == []


def test_users_are_looked_up_by_name(engine: Engine) -> None:
    assert engine.run(["id", "-un"], user="daemon", **TEXT).stdout == "daemon\n"
    with engine.start(idle=True) as box:
        assert box.run(["id", "-u"], user="daemon", **TEXT).stdout == "1\n"
        assert box.run(["id", "-u"], user="12345", **TEXT).stdout == "12345\n"
    with pytest.raises(NotFound, match="no user nobody-at-all"):
        engine.run(["true"], user="nobody-at-all")


def test_a_terminal_is_one(engine: Engine) -> None:
    with engine.start(
        ["sh", "-c", "test -t 0 && stty size; read x; echo got $x"], tty=(100, 30)
    ) as box:
        assert box.stdin is not None
        assert box.stdout is not None
        assert b"30 100" in box.stdout.readline()
        box.stdin.write(b"word\n")
        box.stdin.flush()
        assert b"word" in box.stdout.readline()
        assert b"got word" in box.stdout.readline()


def test_a_missing_command_is_127_and_another_trouble_126(engine: Engine) -> None:
    for command, code in (("no-such-thing", 127), ("/etc/passwd", 126)):
        with pytest.raises(CommandFailed) as raised:
            engine.run([command])
        assert raised.value.exit_code == code
    assert engine.list(all=True) == []


def test_limits_change_while_it_runs(engine: Engine) -> None:
    with engine.start(["sleep", "60"], pids_limit=50) as box:
        container = box._made.container  # the contract's own verbs
        assert container.stats().pids_limit == 50
        container.update(LinuxResources(pids=LinuxPids(limit=33)))
        assert container.stats().pids_limit == 33
        assert len(container.pids()) >= 2


def test_two_runtimes_share_a_place_and_each_knows_its_own(tmp_path: Path) -> None:
    """And another engine finds both, by what is noted of them."""
    place = str(tmp_path)
    with (
        Engine(root=place, runtime="oci:crun") as one,
        Engine(root=place, runtime="oci:runc") as other,
        one.start(["sleep", "60"], name="by-crun") as first,
        other.start(["sleep", "60"], name="by-runc") as second,
        Engine(root=place) as third,
    ):
        for box in (first, second):
            found = third.get(box.id)
            assert found.state is State.RUNNING
            assert found.run(["echo", "hello"], **TEXT).stdout == "hello\n"
            found.kill()
            assert box.wait(20) is not None


def test_a_specification_of_the_callers_is_run_as_it_is(engine: Engine, rootfs: Path) -> None:
    """In two steps, with no init of ours: its program is the first process."""
    spaces = [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")]
    document = {
        "ociVersion": "1.0.2",
        "process": {"args": ["sh", "-c", "echo $$; exit 5"], "cwd": "/", "env": ["PATH=/bin"]},
        "root": {"path": str(rootfs)},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": spaces},
    }
    box = engine.create(read(Spec, json.dumps(document)), stdout=-1)
    box.start()
    assert box.stdout is not None
    assert box.stdout.read() == b"1\n"
    assert box.wait(20) == 5
    box.remove()


def test_of_a_specification_too_a_missing_command_is_told_by_start(
    engine: Engine, rootfs: Path
) -> None:
    """The runtimes see it when the container is made."""
    spaces = [{"type": kind} for kind in ("pid", "mount")]
    document = {
        "ociVersion": "1.0.2",
        "process": {"args": ["/nothing"], "cwd": "/"},
        "root": {"path": str(rootfs)},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": spaces},
    }
    box = engine.create(read(Spec, json.dumps(document)))
    with pytest.raises(CommandFailed) as raised:
        box.start()
    assert raised.value.exit_code == 127
    box.remove()


def test_descriptors_of_the_caller_are_passed_on(engine: Engine) -> None:
    reading, writing = os.pipe()
    try:
        script = "echo here >&3; ls /proc/self/fd"
        told = engine.run(["sh", "-c", script], preserve_fds=[writing], **TEXT)
    finally:
        os.close(writing)
    with open(reading, "rb") as file:
        assert file.read() == b"here\n"
    assert set(told.stdout.split()) == {"0", "1", "2", "3", "4"}  # the last is ls's own


def test_hooks_are_run(engine: Engine, rootfs: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"cat > {seen}"]}
    document = {
        "ociVersion": "1.0.2",
        "process": {"args": ["true"], "cwd": "/", "env": ["PATH=/bin"]},
        "root": {"path": str(rootfs)},
        "hooks": {"createRuntime": [hook]},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}]},
    }
    box = engine.create(read(Spec, json.dumps(document)))
    assert json.loads(seen.read_text())["id"] == box.id
    box.start()
    assert box.wait(20) == 0
    box.remove()
