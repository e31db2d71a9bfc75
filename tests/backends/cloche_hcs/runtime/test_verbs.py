"""What is done with a container that runs."""

from __future__ import annotations

from typing import Any

import pytest

from cloche.errors import CommandFailed, InvalidSpec, InvalidState, NotSupported, Unavailable
from cloche.exit import ExitStatus, Reason
from cloche.runtime import State
from cloche.spec import Process, User

_DIR = Process(cwd="", args=("cmd", "/c", "dir"), env=("X=1",), user=User(username="u"))


def test_a_further_process_works_where_the_first_does(bench: Any, unconnected: Any) -> None:
    container = bench.start()
    process = container.exec("x1", _DIR, unconnected())
    made = bench.parameters()
    assert made["WorkingDirectory"] == "C:\\init"
    assert (made["CommandLine"], made["User"]) == ("cmd /c dir", "u")
    assert (process.id, process.exit.poll()) == ("x1", None)
    assert process.info == {"pid": process.pid}


def test_a_further_process_ends_on_its_own(bench: Any, unconnected: Any) -> None:
    container = bench.start()
    bench.service.steer("proc\t2\texit\t\t\t9")
    bench.service.begin("pace\t1", "proc\t1\trun", "proc\t*\texit\t\t\t9\t1")
    container = bench.start(bench.request("c2"))
    process = container.exec("x1", _DIR, unconnected())
    assert process.exit.wait(10) == ExitStatus(9)
    assert container.state() is State.RUNNING


def test_a_further_process_that_can_not_be_run_harms_nothing(bench: Any, unconnected: Any) -> None:
    container = bench.start()
    bench.service.steer("fault\tHcsCreateProcess\t2\t0x80070002")
    with pytest.raises(CommandFailed) as raised:
        container.exec("x1", _DIR, unconnected())
    assert raised.value.exit_code == 127
    assert container.state() is State.RUNNING
    assert "TerminateComputeSystem" not in bench.functions()


def test_nothing_is_left_of_a_process_whose_input_could_not_be_ended(
    bench: Any, unconnected: Any
) -> None:
    container = bench.start()
    before = bench.service.outstanding()
    bench.service.steer("fault\tHcsModifyProcess\t2\t0x80070057")
    with pytest.raises(Exception, match=r"HcsModifyProcess"):
        container.exec("x1", _DIR, unconnected())
    assert bench.service.outstanding() == before
    assert "TerminateProcess" in bench.functions()


def test_a_further_process_is_checked_before_it_is_sent(bench: Any, unconnected: Any) -> None:
    container = bench.start()
    calls = bench.functions()
    for wrong in (_DIR.replace(args=()), _DIR.replace(env=("A=\0",))):
        with pytest.raises(InvalidSpec):
            container.exec("x1", wrong, unconnected())
    assert bench.functions() == calls


@pytest.mark.parametrize("moment", ["created", "paused", "stopped"])
def test_what_does_not_run_executes_nothing(bench: Any, unconnected: Any, moment: str) -> None:
    container = bench.create()
    if moment != "created":
        container.start(unconnected())
    if moment == "paused":
        container.pause()
    if moment == "stopped":
        container.terminate()
        container.init.exit.wait(10)
    with pytest.raises(InvalidState, match=moment):
        container.exec("x1", _DIR, unconnected())
    assert container.state() is State(moment)


def test_the_end_of_the_first_process_is_that_of_the_container(
    bench: Any, unconnected: Any
) -> None:
    """Its system lives on until the container is deleted."""
    bench.service.begin("pace\t1", "proc\t1\texit\t\t\t7\t1")
    container = bench.start()
    assert container.init.exit.wait(10) == ExitStatus(7)
    assert container.state() is State.STOPPED
    assert bench.service.counts()["living"] == 1


def test_what_is_terminated_counts_as_killed(bench: Any) -> None:
    """The code that the service gives is kept."""
    container = bench.start()
    container.terminate()
    status = container.init.exit.wait(10)
    assert (status.code, status.signal, status.reason) == (1067, "SIGKILL", Reason.SIGNAL)
    assert status.exit_code == 137


def test_terminating_again_is_no_error(bench: Any) -> None:
    container = bench.start()
    for _ in range(3):
        container.terminate()
    container.init.exit.wait(10)
    container.terminate()
    container.shutdown()


def test_shutdown_asks(bench: Any) -> None:
    container = bench.start()
    container.shutdown()
    assert bench.verbs()[-1] == "ShutdownComputeSystem"
    container.init.exit.wait(10)
    assert "TerminateComputeSystem" not in bench.functions()


def test_what_can_not_be_asked_is_forced(bench: Any) -> None:
    container = bench.start()
    bench.service.steer("fault\tHcsShutdownComputeSystem\t*\t0xC0370105")
    container.shutdown()
    assert bench.verbs()[-2:] == ["ShutdownComputeSystem", "TerminateComputeSystem"]
    container.init.exit.wait(10)


def test_what_can_be_neither_asked_nor_forced_is_an_error(bench: Any) -> None:
    container = bench.start()
    bench.service.steer(
        "fault\tHcsShutdownComputeSystem\t1\t0x80070005",
        "fault\tHcsTerminateComputeSystem\t1\t0x80070005",
    )
    with pytest.raises(Unavailable):
        container.shutdown()
    assert container.state() is State.RUNNING


def test_a_container_that_was_never_started_ends_by_force(bench: Any) -> None:
    container = bench.create()
    container.terminate()
    assert container.init.exit.wait(10) == ExitStatus.killed(9)
    assert container.state() is State.STOPPED


def test_a_container_stands_still_and_goes_on(bench: Any) -> None:
    container = bench.start()
    with pytest.raises(InvalidState):
        container.resume()
    container.pause()
    assert container.state() is State.PAUSED
    with pytest.raises(InvalidState):
        container.pause()
    container.resume()
    assert container.state() is State.RUNNING


def test_what_could_not_be_paused_runs(bench: Any) -> None:
    container = bench.start()
    bench.service.steer("fault\tHcsPauseComputeSystem\t*\t0x80070032")
    with pytest.raises(NotSupported):
        container.pause()
    assert container.state() is State.RUNNING


def test_signals_are_console_events(bench: Any) -> None:
    container = bench.start()
    container.init.kill(15)
    assert bench.sent("HcsSignalProcess", "options") == {"Signal": "CtrlShutdown"}
    with pytest.raises(NotSupported, match=r"signal 10"):
        container.init.kill(10)


def test_sigkill_ends_the_process(bench: Any) -> None:
    container = bench.start()
    container.init.kill(9)
    assert container.init.exit.wait(10).exit_code == 137


def test_what_has_no_process_has_nothing_to_kill(bench: Any) -> None:
    container = bench.create()
    calls = bench.functions()
    container.init.kill(9)
    container.init.close_stdin()
    assert bench.functions() == calls
    with pytest.raises(NotSupported):
        container.init.resize(80, 25)


def test_the_end_of_input_is_told(bench: Any) -> None:
    container = bench.start()
    container.init.close_stdin()
    sent = bench.sent("HcsModifyProcess", "settings")
    assert sent == {"Operation": "CloseHandle", "CloseHandle": {"Handle": "StdIn"}}


def test_measurements_are_in_nanoseconds_and_bytes(bench: Any) -> None:
    container = bench.start()
    bench.service.steer(
        'sysprops\t{"Statistics":{"Processor":{"TotalRuntime100ns":30,"RuntimeUser100ns":20,'
        '"RuntimeKernel100ns":10},"Memory":{"MemoryUsageCommitBytes":5,'
        '"MemoryUsageCommitPeakBytes":6},"Storage":{"ReadSizeBytes":7,"WriteSizeBytes":8}}}'
    )
    stats = container.stats()
    assert bench.sent("HcsGetComputeSystemProperties", "propertyQuery") == {
        "PropertyTypes": ["Statistics"]
    }
    assert (stats.cpu_usage, stats.cpu_user, stats.cpu_system) == (3000, 2000, 1000)
    assert (stats.memory_usage, stats.memory_peak) == (5, 6)
    assert (stats.io_read, stats.io_write) == (7, 8)
    assert stats.pids is None


def test_what_is_not_measured_is_unknown(bench: Any) -> None:
    container = bench.start()
    bench.service.steer('sysprops\t{"Statistics":{"Memory":null,"Processor":[]}}')
    stats = container.stats()
    assert (stats.cpu_usage, stats.memory_usage, stats.io_read) == (None, None, None)


def test_all_processes_are_listed(bench: Any, unconnected: Any) -> None:
    container = bench.start()
    other = container.exec("x1", _DIR, unconnected())
    assert sorted(container.pids()) == sorted([container.init.pid, other.pid])
