"""Runtimes that are missing, lie, fail or hang: an error that says so, and nothing left."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from cloche import Engine
from cloche.errors import BackendError, CleanupFailed, InvalidSpec, NotFound, TimedOut, Unavailable
from cloche.exit import Reason
from cloche.probe import Unsupported
from cloche.runtime import State
from cloche_oci.plugin import cloche_runtimes


def remains(tmp_path: Path) -> list[str]:
    """Processes that speak of this test's directory, and whatever has it mounted."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(tmp_path).encode() in command:
                found.append(command.decode())
    return found


def test_one_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    engine = Engine(root=str(tmp_path), runtime="oci:/nonexistent/runc")
    with pytest.raises(Unavailable, match="/nonexistent/runc does not exist"):
        engine.run(["true"])


def test_a_file_that_is_no_program_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "runc"
    file.write_text("not a program")
    with pytest.raises(Unavailable, match="is not a program") as raised:
        Engine(root=str(tmp_path / "root"), runtime=f"oci:{file}").run(["true"])
    assert "chmod +x" in str(raised.value.hint)


def test_a_program_in_no_known_format_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "runc"
    file.write_bytes(b"\x7fELF and no more")
    file.chmod(0o755)
    verdict = cloche_runtimes()[0].probe(str(file))
    assert isinstance(verdict, Unsupported)
    assert "can't be run" in verdict.reason


@pytest.mark.parametrize("name", ["../runc", "ru nc", "-x", "run;c", ""])
def test_a_name_that_is_neither_name_nor_path_is_refused(name: str) -> None:
    verdict = cloche_runtimes()[0].probe(name)
    assert isinstance(verdict, Unsupported)
    assert "names no runtime" in verdict.reason


def test_its_own_words_are_the_error(bench, program, tmp_path: Path) -> None:
    """As its JSON log has them; and the runtime is named."""
    script = """
case "$*" in *" create "*)
    log=$(echo "$*" | sed 's/.*--log \\([^ ]*\\).*/\\1/')
    echo '{"level":"warning","msg":"never mind"}' >>$log
    echo '{"level":"error","msg":"the moon is in the wrong house"}' >>$log
    exit 1
esac"""
    lab = bench(program(script))
    request = lab.request("true")
    with pytest.raises(BackendError, match="runtime create: the moon is in the wrong house"):
        lab.create(request)
    assert list(request.state.iterdir()) == []
    assert remains(tmp_path) == []


def test_garbage_is_an_error_and_not_a_traceback(bench, program, tmp_path: Path) -> None:
    """One that says yes to everything and makes nothing has no pid to tell."""
    lab = bench(program("head -c 5000 /dev/urandom; exit 0"))
    request = lab.request("true")
    with pytest.raises(BackendError, match="No such file"):
        lab.create(request)
    assert list(request.state.iterdir()) == []
    with pytest.raises(BackendError, match="runtime list: it told no list, but "):
        lab.runtime.list()


@pytest.mark.parametrize("nothing", ["", " ", "null", "[]"])
def test_a_list_of_nothing_is_none(bench, program, nothing: str) -> None:
    lab = bench(program(f"case \"$*\" in *' list '*) echo '{nothing}'; exit 0; esac"))
    lab.start("sleep", "60")
    assert lab.runtime.list() == []


def test_garbage_as_a_state_is_stopped(bench, program) -> None:
    lab = bench(program('case "$*" in *" state "*) echo "[1, 2"; exit 0; esac'))
    container = lab.start("sleep", "60")
    assert container.state() is State.STOPPED


def test_one_that_hangs_is_killed_with_all_it_has_begun(bench, program, tmp_path: Path) -> None:
    lab = bench(program('case "$*" in *" create "*) $real "$@"; sleep 1000; esac'))
    request = lab.request("true", timeout=1.0)
    before = time.monotonic()
    with pytest.raises(TimedOut, match="was killed"):
        lab.create(request)
    assert time.monotonic() - before < 15
    assert list(request.state.iterdir()) == []
    assert remains(tmp_path) == []


def test_a_delete_that_fails_is_told_and_can_be_tried_again(bench, program) -> None:
    path = program('[ -e "$0.broken" ] && case "$*" in *" delete "*) exit 1; esac')
    lab = bench(path)
    container = lab.start("sleep", "60")
    Path(f"{path}.broken").touch()
    with pytest.raises(CleanupFailed):
        container.delete()
    Path(f"{path}.broken").unlink()
    container.delete()
    with pytest.raises(NotFound):
        lab.runtime.load("any", lab.place / "state-0", None)


def test_sigkill_works_though_the_runtime_kills_nobody(bench, program) -> None:
    lab = bench(program('case "$*" in *" kill "*) echo no >&2; exit 1; esac'))
    container = lab.start("sleep", "60")
    container.init.kill(9)
    assert container.init.exit.wait(10).signal == "SIGKILL"


def test_without_its_keeper_a_container_ends_and_its_exit_is_lost(bench) -> None:
    """Nobody could tell any more how it ends: so it does, now."""
    container = bench("runc").start("sleep", "60")
    identity = container.init.info["keeper"]
    os.kill(identity["pid"], 9)
    assert container.init.exit.wait(10).reason is Reason.LOST
    deadline = time.monotonic() + 10
    while not has_ended(container.init.pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def has_ended(pid: int) -> bool:
    """Gone, or waiting for whoever adopted it to take notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_the_configuration_is_its_owners_alone(bench) -> None:
    """It has the environment in it."""
    lab = bench("runc")
    lab.create(lab.request("true"))
    bundle = lab.place / "state-0/oci"
    assert bundle.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in bundle.glob("*.json")} == {0}
    assert {path.name for path in bundle.glob("*.json")} >= {"config.json", "kept.json"}


def test_an_id_is_checked_before_anything_is_made(bench) -> None:
    lab = bench("runc")
    request = lab.request("true")
    wrong = type(request)(**{**request.__dict__, "id": "../x"})
    with pytest.raises(InvalidSpec):
        lab.runtime.accepts(wrong)
    assert not lab.home.exists()


def test_the_umask_of_the_asker_is_not_the_containers(tmp_path: Path) -> None:
    """Users other than root find their way through a root that was made under a strict one."""
    before = os.umask(0o077)
    try:
        with Engine(root=str(tmp_path), runtime="oci:runc") as engine:
            told = engine.run(["sh", "-c", "umask; ls -d /usr/bin"], user="1", capture_output=True)
    finally:
        os.umask(before)
    assert (told.stdout, told.stderr) == (b"0022\n/usr/bin\n", b"")
