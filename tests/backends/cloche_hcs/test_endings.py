"""An exit is learnt once, believed only if it is sure, and then kept."""

from __future__ import annotations

import json
import threading

import pytest

from cloche.errors import InvalidState, TimedOut
from cloche.exit import ExitStatus, Reason
from cloche_hcs import endings
from cloche_hcs.endings import Ending, status_of
from cloche_hcs.hresult import HResult
from cloche_hcs.vmcompute import Answer


def answer(code: int = 0, **fields: object) -> Answer[str | None]:
    document = {"ProcessId": 1000, "Exited": True, "ExitCode": 7, "LastWaitResult": 0, **fields}
    return Answer(code, None, json.dumps(document) if code == 0 else None)


class Questions:
    """Answers in turn, the last one for ever; counts."""

    def __init__(self, *answers: Answer[str | None] | Exception) -> None:
        self._answers = list(answers)
        self.asked = 0

    def __call__(self) -> Answer[str | None]:
        self.asked += 1
        told = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(told, Exception):
            raise told
        return told


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "GRACE", 0.05)


def test_the_exit_code_is_asked_for_once_and_kept() -> None:
    ask = Questions(answer())
    ending = Ending(ask)
    ending.notified(0)
    assert [ending.exit.wait(10) for _ in range(3)] == [ExitStatus(7)] * 3
    ending.notified(0)
    ending.close()
    assert ending.exit.wait(0) == ExitStatus(7)
    assert ask.asked == 1


def test_codes_are_unsigned_32_bits() -> None:
    assert status_of(answer(ExitCode=0xC000013A)) == ExitStatus(0xC000013A)
    assert status_of(answer(ExitCode=-1073741510)) == ExitStatus(0xC000013A)


def test_what_was_ended_by_force_counts_as_killed() -> None:
    """ERROR_PROCESS_ABORTED is what the service gives to what it ends."""
    assert status_of(answer(ExitCode=1067)) == ExitStatus(1067, "SIGKILL", Reason.SIGNAL)


@pytest.mark.parametrize(
    "told",
    [
        answer(LastWaitResult=109),
        answer(Exited=False, ExitCode=259),
        answer(HResult.ERROR_BROKEN_PIPE),
        answer(HResult.ERROR_PROC_NOT_FOUND),
        Answer(0, None, None),
        Answer(0, None, ""),
        Answer(0, None, "{"),
        Answer(0, None, "[]"),
        answer(ExitCode=None),
        TimedOut("never"),
    ],
)
def test_a_code_that_is_not_sure_is_lost_not_invented(
    told: Answer[str | None] | Exception,
) -> None:
    ending = Ending(Questions(told))
    ending.notified(0)
    assert ending.exit.wait(10) == ExitStatus(None, None, Reason.LOST)


def test_a_container_that_broke_under_the_process_leaves_its_code() -> None:
    ending = Ending(Questions(answer(ExitCode=5)))
    ending.notified(HResult.ERROR_BROKEN_PIPE)
    assert ending.exit.wait(10) == ExitStatus(5)


def test_a_failed_notification_is_an_end_of_which_nothing_is_known() -> None:
    ask = Questions(answer())
    ending = Ending(ask)
    ending.notified(HResult.ERROR_ACCESS_DENIED)
    assert ending.exit.wait(0) == ExitStatus.lost()
    assert ask.asked == 0


def test_a_suspicion_that_is_wrong_changes_nothing() -> None:
    ask = Questions(answer(Exited=False), answer())
    ending = Ending(ask)
    ending.look()
    assert ending.exit.poll() is None
    ending.notified(0)
    assert ending.exit.wait(10) == ExitStatus(7)


@pytest.mark.parametrize("code", [HResult.ERROR_NOT_FOUND, HResult.VMCOMPUTE_INVALID_STATE])
def test_a_process_that_the_service_does_not_know_any_more_is_lost(code: int) -> None:
    ending = Ending(Questions(answer(code)))
    ending.suspect()
    assert ending.exit.wait(10) == ExitStatus.lost()


def test_proc_not_found_never_means_that_it_has_ended() -> None:
    ending = Ending(Questions(answer(HResult.ERROR_PROC_NOT_FOUND)))
    ending.look()
    assert ending.exit.poll() is None


def test_a_system_that_ended_takes_its_processes_along() -> None:
    """The notification of the process never comes; its code can still be asked for."""
    ending = Ending(Questions(answer(ExitCode=3)))
    ending.suspect(final=True)
    assert ending.exit.wait(10) == ExitStatus(3)
    gone = Ending(Questions(answer(HResult.ERROR_INVALID_HANDLE)))
    gone.suspect(final=True)
    assert gone.exit.wait(10) == ExitStatus.lost()


@pytest.mark.parametrize("code", [HResult.RPC_S_SERVER_UNAVAILABLE, HResult.RPC_S_CALL_FAILED])
def test_while_the_service_is_away_nothing_is_said(code: int) -> None:
    ask = Questions(answer(code), answer())
    ending = Ending(ask)
    ending.notified(0)
    while ask.asked < 1:
        threading.Event().wait(0.01)
    assert ending.exit.poll() is None
    ending.look()
    assert ending.exit.wait(10) == ExitStatus(7)


def test_to_close_asks_what_is_known_to_have_ended() -> None:
    """Nobody asked until now; the answer is had before the handle goes."""
    ask = Questions(answer())
    ending = Ending(ask)
    ending.close(over=True)
    assert ending.exit.wait(0) == ExitStatus(7)
    assert ask.asked == 1


def test_to_close_waits_for_the_answer_under_way() -> None:
    gate = threading.Event()

    def slow() -> Answer[str | None]:
        gate.wait(10)
        return answer()

    ending = Ending(slow)
    ending.notified(0)
    threading.Timer(0.1, gate.set).start()
    ending.close()
    assert ending.exit.wait(0) == ExitStatus(7)


def test_to_close_unblocks_who_waits_for_what_runs_on() -> None:
    ask = Questions(answer(Exited=False))
    ending = Ending(ask)
    threading.Timer(0.05, ending.close).start()
    with pytest.raises(InvalidState):
        ending.exit.wait(10)
    assert ask.asked == 0
