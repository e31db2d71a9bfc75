"""Pending operations end with the right notification, whenever and in whatever order it comes."""

from __future__ import annotations

import threading
import time

import pytest

from cloche.errors import BackendError, ClocheError, InvalidState, TimedOut
from cloche_hcs.deadline import Deadline
from cloche_hcs.hresult import HResult
from cloche_hcs.notification import Notification, NotificationType
from cloche_hcs.operations import Notices, Operation

START = Operation("HcsStartComputeSystem", NotificationType.SYSTEM_START_COMPLETED)
PAUSE = Operation("HcsPauseComputeSystem", NotificationType.SYSTEM_PAUSE_COMPLETED)
EXIT = Operation(
    "HcsShutdownComputeSystem",
    NotificationType.SYSTEM_EXITED,
    NotificationType.SYSTEM_SHUTDOWN_FAILED,
)


def started(status: int = 0) -> Notification:
    return Notification(NotificationType.SYSTEM_START_COMPLETED, status)


def exited(status: int = 0) -> Notification:
    return Notification(NotificationType.SYSTEM_EXITED, status)


def test_what_came_before_anybody_waits_is_found() -> None:
    notices = Notices()
    with notices.expect(START) as done:
        notices.tell(started())
        assert done.wait(Deadline(0.0), "box") == started()


def test_what_comes_later_wakes_who_waits() -> None:
    notices = Notices()
    with notices.expect(START) as done:
        threading.Timer(0.05, lambda: notices.tell(started())).start()
        assert done.wait(Deadline(10.0), "box") == started()


def test_what_never_comes_is_an_error_in_time() -> None:
    notices = Notices()
    before = time.monotonic()
    with (
        notices.expect(START) as done,
        pytest.raises(TimedOut, match="HcsStartComputeSystem") as told,
    ):
        done.wait(Deadline(0.05), "box")
    assert time.monotonic() - before > 0.04
    assert told.value.container == "box"


def test_a_duplicate_changes_nothing() -> None:
    notices = Notices()
    with notices.expect(START) as done:
        notices.tell(started())
        notices.tell(started(HResult.E_FAIL))
        done.wait(Deadline(0.0), "box")
        done.wait(Deadline(0.0), "box")


def test_what_came_before_is_not_taken_for_what_comes() -> None:
    """A duplicate of an operation that is over does not end a later one of another kind."""
    notices = Notices()
    with notices.expect(PAUSE) as done:
        notices.tell(started())
        with pytest.raises(TimedOut):
            done.wait(Deadline(0.01), "box")


@pytest.mark.parametrize("type", [0, 6, 0xB, 0x4711, 0x10000])
def test_types_that_say_nothing_about_it_are_ignored(type: int) -> None:
    notices = Notices()
    notices.tell(Notification(type, HResult.E_FAIL))
    with notices.expect(START) as done:
        notices.tell(Notification(type, HResult.E_FAIL))
        with pytest.raises(TimedOut):
            done.wait(Deadline(0.01), "box")
        notices.tell(started())
        done.wait(Deadline(0.0), "box")


def test_a_failed_status_is_the_error_that_it_means() -> None:
    notices = Notices()
    document = '{"Error":-1070137083,"ErrorMessage":"not now"}'
    status = HResult.VMCOMPUTE_INVALID_STATE
    with notices.expect(START) as done:
        notices.tell(Notification(NotificationType.SYSTEM_START_COMPLETED, status, document))
        with pytest.raises(InvalidState, match="not now") as told:
            done.wait(Deadline(0.0), "box")
    assert vars(told.value)["code"] == status


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (0, HResult.VMCOMPUTE_UNEXPECTED_EXIT),
        (HResult.VMCOMPUTE_TERMINATED, HResult.VMCOMPUTE_TERMINATED),
    ],
)
def test_a_system_that_exits_meanwhile_fails_the_operation(status: int, code: int) -> None:
    notices = Notices()
    with notices.expect(START) as done:
        notices.tell(exited(status))
        notices.tell(started())
        with pytest.raises(ClocheError) as told:
            done.wait(Deadline(0.0), "box")
    assert vars(told.value)["code"] == code


def test_a_system_that_exited_before_fails_the_operation_at_once() -> None:
    notices = Notices()
    notices.tell(exited())
    with notices.expect(START) as done, pytest.raises(ClocheError, match="UNEXPECTED_EXIT"):
        done.wait(Deadline(10.0), "box")


@pytest.mark.parametrize(
    "status", [0, HResult.VMCOMPUTE_UNEXPECTED_EXIT, HResult.VMCOMPUTE_TERMINATED]
)
def test_an_exit_that_was_asked_for_is_success_whatever_its_status(status: int) -> None:
    notices = Notices()
    with notices.expect(EXIT) as done:
        notices.tell(exited(status))
        assert done.wait(Deadline(0.0), "box").status == status


def test_a_shutdown_that_failed_is_an_error_even_without_a_status() -> None:
    notices = Notices()
    with notices.expect(EXIT) as done:
        notices.tell(Notification(NotificationType.SYSTEM_SHUTDOWN_FAILED, 0))
        with pytest.raises(BackendError):
            done.wait(Deadline(0.0), "box")


def test_a_lost_service_fails_the_operation() -> None:
    notices = Notices()
    with notices.expect(START) as done:
        notices.tell(Notification(NotificationType.SERVICE_DISCONNECT, 0))
        with pytest.raises(BackendError, match="SERVICE_DISCONNECT"):
            done.wait(Deadline(0.0), "box")


def test_to_close_tells_who_waits() -> None:
    notices = Notices()
    with notices.expect(EXIT) as done:
        threading.Timer(0.05, notices.close).start()
        with pytest.raises(BackendError, match="ERROR_INVALID_HANDLE"):
            done.wait(Deadline(10.0), "box")


def test_all_who_wait_are_told() -> None:
    notices = Notices()
    with notices.expect(START) as one, notices.expect(START) as other:
        notices.tell(started())
        one.wait(Deadline(0.0), "box")
        other.wait(Deadline(0.0), "box")


def test_a_deadline_that_has_come_begins_no_call() -> None:
    Deadline(10.0).check("HcsStartComputeSystem", "box")
    with pytest.raises(TimedOut, match="no time is left"):
        Deadline(0.0).check("HcsStartComputeSystem", "box")
