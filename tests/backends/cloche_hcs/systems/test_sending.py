"""What is sent to a process: the end of its input, its console's size, signals, its death."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from cloche.errors import BackendError, ClocheError, NotSupported, Unavailable
from cloche.exit import ExitStatus
from cloche_hcs.hresult import HResult
from cloche_hcs.signals import ConsoleEvent, event_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_hcs.process import ComputeProcess

    from .conftest import World

ASKED = ["HcsGetProcessProperties"]
BESIDE = ["HcsOpenComputeSystem", "HcsOpenProcess"]
PUT_BACK = ["HcsCloseProcess", "HcsCloseComputeSystem"]


def exits(world: World, code: int = 7, status: int = 0, waited: int = 0) -> None:
    world.rule("proc", "*", "exit", "", "", code, 20, status, waited)


def test_stdin_is_closed_here_and_in_the_service(world: World) -> None:
    world.rule("proc", "*", "echo", b"".hex(), "", 3, 0, 0, 0)
    system = world.running()
    process = world.process(system)
    process.close_stdin()
    assert process.exit.wait(5) == ExitStatus(3)
    sent = json.loads(world.last("HcsModifyProcess")["settings"])
    assert sent == {"Operation": "CloseHandle", "CloseHandle": {"Handle": "StdIn"}}
    assert process.pipes is not None
    assert process.pipes.stdin is None
    world.forget()
    process.close_stdin()
    assert world.calls == []
    world.put_away(system)


def test_stdin_is_closed_in_the_service_without_a_pipe(world: World) -> None:
    system = world.running()
    process = system.create_process(json.dumps({"CommandLine": "it"}))
    assert process.pipes is None
    process.close_stdin()
    assert world.calls[-1] == "HcsModifyProcess"
    world.put_away(system)


def test_a_console_is_told_height_and_width(world: World) -> None:
    system = world.running()
    world.process(system).resize(120, 40)
    sent = json.loads(world.last("HcsModifyProcess")["settings"])
    assert sent == {"Operation": "ConsoleSize", "ConsoleSize": {"Height": 40, "Width": 120}}
    world.put_away(system)


@pytest.mark.parametrize("code", ["0x80070490", "0xC0370105", "0x80370105", "0x8037011F"])
@pytest.mark.parametrize(
    ("function", "use"),
    [
        ("HcsModifyProcess", lambda process: process.close_stdin()),
        ("HcsModifyProcess", lambda process: process.resize(80, 25)),
        ("HcsTerminateProcess", lambda process: process.terminate()),
        ("HcsSignalProcess", lambda process: process.signal(ConsoleEvent.CTRL_C)),
    ],
)
def test_a_process_that_is_going_is_no_error(
    world: World, function: str, use: Callable[[ComputeProcess], None], code: str
) -> None:
    world.rule("fault", function, "*", code)
    system = world.running()
    use(world.process(system))
    assert world.calls.count(function) == 1
    world.put_away(system)


@pytest.mark.parametrize(
    ("function", "use"),
    [
        ("HcsModifyProcess", lambda process: process.close_stdin()),
        ("HcsTerminateProcess", lambda process: process.terminate()),
        ("HcsSignalProcess", lambda process: process.signal(ConsoleEvent.CTRL_C)),
    ],
)
@pytest.mark.parametrize(
    ("code", "error"), [("0x8007007F", BackendError), ("0x80070005", Unavailable)]
)
def test_what_else_is_refused_is_an_error(
    world: World,
    function: str,
    use: Callable[[ComputeProcess], None],
    code: str,
    error: type[ClocheError],
) -> None:
    world.rule("fault", function, "*", code)
    system = world.running()
    process = world.process(system)
    with pytest.raises(error):
        use(process)
    assert process.exit.poll() is None
    world.put_away(system)


def test_access_denied_to_a_corpse_is_no_error(world: World) -> None:
    """Who kills twice is denied access; whether it is a corpse is asked."""
    world.rule("notify", "ProcessExited", "*", "swallow")
    world.rule("fault", "HcsTerminateProcess", 2, HResult.ERROR_ACCESS_DENIED)
    system = world.running()
    process = world.process(system)
    process.terminate()
    process.terminate()
    assert process.exit.wait(5).code == 1067
    world.put_away(system)


def test_nothing_is_sent_to_what_has_ended(world: World) -> None:
    exits(world)
    system = world.running()
    process = world.process(system)
    process.exit.wait(5)
    world.forget()
    process.terminate()
    process.signal(ConsoleEvent.CTRL_C)
    process.resize(80, 25)
    process.close_stdin()
    assert world.calls == []
    world.put_away(system)


def test_a_signal_has_handles_of_its_own(world: World) -> None:
    system = world.running()
    process = world.process(system)
    world.forget()
    process.signal(ConsoleEvent.CTRL_C)
    assert process.exit.wait(5) == ExitStatus(0xC000013A)
    assert [call for call in world.calls if call not in ASKED] == [
        *BESIDE,
        "HcsSignalProcess",
        *PUT_BACK,
    ]
    assert json.loads(world.last("HcsSignalProcess")["options"]) == {"Signal": "CtrlC"}
    assert world.last("HcsSignalProcess")["process"] != "process#1"
    world.put_away(system)


def test_a_build_without_signals_says_so(world: World) -> None:
    world.rule("fault", "HcsSignalProcess", "*", HResult.ERROR_NOT_SUPPORTED)
    system = world.running()
    process = world.process(system)
    with pytest.raises(NotSupported):
        process.signal(ConsoleEvent.CTRL_C)
    world.put_away(system)


def test_a_kill_is_not_behind_a_signal_that_blocks(world: World) -> None:
    world.rule("hang", "HcsSignalProcess", 1, "before")
    system = world.running()
    process = world.process(system)
    before = time.monotonic()
    process.signal(ConsoleEvent.CTRL_SHUTDOWN)
    process.terminate()
    assert process.exit.wait(5).code == 1067
    assert time.monotonic() - before < 4
    world.release()
    world.put_away(system)


def test_a_kill_is_not_behind_a_kill_that_blocks(world: World) -> None:
    world.rule("hang", "HcsTerminateProcess", 1, "before")
    system = world.running()
    process = world.process(system)
    process.terminate()
    process.terminate()
    assert process.exit.wait(5).code == 1067
    world.release()
    world.put_away(system)


def test_signals_have_events_that_come_close() -> None:
    names = {number: event_of(number) for number in (1, 2, 3, 15)}
    assert names == {
        1: ConsoleEvent.CTRL_CLOSE,
        2: ConsoleEvent.CTRL_C,
        3: ConsoleEvent.CTRL_BREAK,
        15: ConsoleEvent.CTRL_SHUTDOWN,
    }
    assert event_of(10) is None
