"""Containers found again: by what was noted of them, and what the service says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloche.errors import BackendError, InvalidState, NotFound, Unavailable
from cloche.exit import ExitStatus, Reason
from cloche.runtime import Lifetime, State
from cloche.spec import Process

_DIR = Process(cwd="", args=("dir",))


def test_a_running_container_is_found_with_its_first_process(bench: Any) -> None:
    made = bench.start()
    found = bench.load()
    assert bench.functions()[-5:] == [
        "OpenComputeSystem",
        "RegisterComputeSystemCallback",
        "OpenProcess",
        "RegisterProcessCallback",
        "GetProcessProperties",
    ]
    assert found.state() is State.RUNNING
    assert found.init.pid == made.init.pid
    found.terminate()
    assert found.init.exit.wait(10).exit_code == made.init.exit.wait(10).exit_code == 137
    assert found.state() is State.STOPPED


def test_what_core_has_noted_finds_it_as_well(bench: Any) -> None:
    """Where our own notes are gone."""
    made = bench.start()
    info = json.loads(json.dumps(made.info))
    (bench.home / "state" / "c1" / "hcs.json").unlink()
    found = bench.load(info=info)
    assert found.init.pid == made.init.pid


def test_a_container_that_waits_is_found_waiting(bench: Any) -> None:
    bench.create()
    found = bench.load()
    assert found.state() is State.CREATED
    assert found.init.exit.poll() is None
    found.terminate()
    assert found.init.exit.wait(10) == ExitStatus.killed(9)


def test_a_container_whose_maker_died_while_it_started_is_found(bench: Any) -> None:
    """Its process may run, but nobody noted which it is: it ends with the container."""
    made = bench.start()
    path = bench.home / "state" / "c1" / "hcs.json"
    path.write_bytes(b"\n".join(path.read_bytes().split(b"\n")[:-2]) + b'\n{"torn')
    found = bench.load()
    assert found.state() is State.RUNNING
    assert found.init.pid is None
    found.terminate()
    assert made.init.exit.wait(10).exit_code == found.init.exit.wait(10).exit_code == 137


def test_a_container_whose_first_process_has_ended_is_found_stopped(bench: Any) -> None:
    """Nobody can tell how it ended: the service forgets."""
    made = bench.start()
    bench.service.steer("fault\tHcsOpenProcess\t*\t0x80070490")
    found = bench.load()
    assert found.state() is State.STOPPED
    assert found.init.exit.wait(0) == ExitStatus(None, None, Reason.LOST)
    assert made.state() is State.RUNNING


def test_what_never_was_is_not_found(bench: Any) -> None:
    with pytest.raises(NotFound):
        bench.load("nobody")
    bench.request("begun")
    with pytest.raises(NotFound):
        bench.load("begun", {})


def test_what_was_noted_and_is_gone_is_not_found(bench: Any) -> None:
    made = bench.start()
    info = dict(made.info)
    made.delete()
    with pytest.raises(NotFound):
        bench.load(info=info)


def test_what_nothing_was_noted_of_must_be_our_owners(bench: Any) -> None:
    """Somebody else's container with the same id is none of ours, and is not touched."""
    bench.service.steer("system\ttheirs\tdocker\tContainer\trunning")
    bench.service.steer("system\tours\tcloche-bench\tContainer\trunning")
    with pytest.raises(NotFound):
        bench.load("theirs")
    assert "OpenComputeSystem" not in bench.functions()
    found = bench.load("ours")
    assert found.state() is State.RUNNING


@pytest.mark.parametrize("damage", [b"", b"\0\0\0\n", b"{}\n[]\n", b'{}\n{"layers":7}\n'])
def test_damaged_notes_are_none(bench: Any, damage: bytes) -> None:
    """The container can be found, and deleted, all the same."""
    bench.start()
    (bench.home / "state" / "c1" / "hcs.json").write_bytes(damage)
    found = bench.load()
    assert found.state() is State.RUNNING
    found.delete()
    assert found.state() is State.STOPPED


def test_info_that_is_not_ours_is_none(bench: Any) -> None:
    bench.start()
    (bench.home / "state" / "c1" / "hcs.json").unlink()
    assert bench.load(info={"init": {"pid": 1}}).init.pid is None


def test_what_is_found_executes_where_the_first_process_works(bench: Any, unconnected: Any) -> None:
    bench.start()
    found = bench.load()
    process = found.exec("x1", _DIR, unconnected())
    assert bench.parameters()["WorkingDirectory"] == "C:\\init"
    again = bench.load()
    same = again.open("x1", json.loads(json.dumps(process.info)))
    same.kill(9)
    assert process.exit.wait(10).exit_code == same.exit.wait(10).exit_code == 137


def test_a_process_that_nobody_noted_can_not_be_opened(bench: Any) -> None:
    container = bench.start()
    with pytest.raises(InvalidState):
        container.open("x1", {})
    with pytest.raises(NotFound):
        container.open("x1", {"pid": 99999})


def test_what_is_found_running_can_not_be_started(bench: Any, unconnected: Any) -> None:
    bench.start()
    found = bench.load()
    calls = bench.functions()
    with pytest.raises(InvalidState):
        found.start(unconnected())
    assert bench.functions() == calls


def test_of_what_others_pause_the_service_knows(bench: Any) -> None:
    made = bench.start()
    found = bench.load()
    bench.service.steer('sysprops\t{"State":"Paused"}')
    assert found.state() is State.PAUSED
    assert made.state() is State.RUNNING


def test_what_the_service_has_forgotten_has_stopped(bench: Any) -> None:
    bench.start()
    found = bench.load()
    bench.service.steer("fault\tHcsGetComputeSystemProperties\t*\t0xC037010E")
    assert found.state() is State.STOPPED


def test_what_can_not_be_asked_now_is_an_error(bench: Any) -> None:
    bench.start()
    found = bench.load()
    bench.service.steer("fault\tHcsGetComputeSystemProperties\t*\t0x80070005")
    with pytest.raises(Unavailable):
        found.state()


def test_closing_releases_all_and_ends_nothing(bench: Any) -> None:
    made = bench.start(bench.request(lifetime=Lifetime.DETACHED))
    found = bench.load()
    for container in (found, made, found):
        container.close()
    assert bench.service.outstanding() == {}
    assert bench.service.counts()["living"] == 1
    assert bench.load().state() is State.RUNNING


def test_nothing_is_left_of_what_could_not_be_opened(bench: Any) -> None:
    made = bench.start()
    before = bench.service.outstanding()
    bench.service.steer("fault\tHcsOpenProcess\t1\t0x80070005")
    with pytest.raises(Unavailable):
        bench.load()
    assert bench.service.outstanding() == before
    assert made.state() is State.RUNNING


def test_all_containers_of_our_owner_are_listed_by_one_query(bench: Any) -> None:
    """Owner and type are compared as they are written."""
    bench.service.steer(
        "system\ta1\tcloche-bench\tContainer\trunning",
        "system\ta2\tdocker\tContainer\trunning",
        "system\ta3\tcloche-bench\tVirtualMachine\trunning",
        "system\ta4\tCloche-Bench\tContainer\trunning",
    )
    bench.start()
    calls = len(bench.functions())
    listed = {status.id: status.state for status in bench.runtime.list()}
    assert listed == {"a1": State.RUNNING, "c1": State.RUNNING}
    assert bench.functions()[calls:] == ["EnumerateComputeSystems"]


def test_what_is_open_here_is_listed_as_it_is(bench: Any) -> None:
    """The service does not say that a first process has ended."""
    bench.service.begin("pace\t1", "proc\t1\texit\t\t\t0\t1")
    container = bench.start()
    container.init.exit.wait(10)
    assert [status.state for status in bench.runtime.list()] == [State.STOPPED]


def test_a_list_that_is_denied_is_an_error_at_once(bench: Any) -> None:
    bench.start()
    bench.service.steer("fault\tHcsEnumerateComputeSystems\t1\t0x80070005")
    with pytest.raises(Unavailable):
        list(bench.runtime.list())
    assert bench.functions()[-2:] != ["EnumerateComputeSystems"] * 2


@pytest.mark.parametrize("answer", ["NULL", "", "{}", "no JSON", '"text"'])
def test_a_list_that_is_none_is_an_error(bench: Any, answer: str) -> None:
    bench.service.steer(f"enumerate\t{answer}")
    with pytest.raises(BackendError):
        list(bench.runtime.list())


def test_entries_that_make_no_sense_are_left_out(bench: Any) -> None:
    bench.service.steer(
        'enumerate\t[1,null,{"Owner":"cloche-bench","SystemType":"Container"},'
        '{"Id":"a","Owner":"cloche-bench","SystemType":"Container","State":"Paused"},'
        '{"Id":"b","Owner":"cloche-bench","SystemType":"Container","Stopped":true}]'
    )
    listed = {status.id: status.state for status in bench.runtime.list()}
    assert listed == {"a": State.PAUSED, "b": State.STOPPED}
