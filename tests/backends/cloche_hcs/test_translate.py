"""Each code becomes the error that says what to do, with the service's own words in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import (
    AlreadyExists,
    BackendError,
    ClocheError,
    ImageError,
    InvalidState,
    NotFound,
    NotSupported,
    TimedOut,
    Unavailable,
)
from cloche_hcs.hresult import ALREADY_STOPPED, INVALID_STATE, NOT_FOUND, HResult
from cloche_hcs.translate import ServiceError, failure

KINDS: dict[type[ClocheError], list[int]] = {
    AlreadyExists: [0xC037010F, 0x8037010F, 0x800700B7],
    NotFound: [0xC037010E, 0x8037010E, 0x80070490],
    InvalidState: [0xC0370105, 0x80370105, 0xC0370110, 0x80370110, 0x8037011F],
    NotSupported: [0xC037010B, 0x8037010B, 0xC037010D, 0x8037010D, 0x8007000D, 0x80070032],
    TimedOut: [0xC0370109, 0x80370109, 0x80370118, 0x800705B4],
    ImageError: [0xC0370101, 0x80370101],
    Unavailable: [0x80070005, 0x8037011B, 0xC0370102, 0x80370102, 0x80370114, 0x80070426],
    BackendError: [
        *(0x800706BA, 0x800706BE, 0x8037011E),
        *(0x8007007F, 0x8007006D, 0x80070003, 0x80004005, 0xC0370106, 0xC0370107, 0xC0370100),
    ],
}


@pytest.mark.parametrize(
    ("code", "kind"),
    [pytest.param(code, kind, id=f"{code:08X}") for kind, codes in KINDS.items() for code in codes],
)
def test_the_kind_of_error_that_a_code_becomes(code: int, kind: type[ClocheError]) -> None:
    assert type(failure("HcsStartComputeSystem", code)) is kind


@pytest.mark.parametrize("code", [0x80070005, 0x8037011B])
def test_who_is_denied_is_told_how_to_be_allowed(code: int) -> None:
    error = failure("HcsCreateComputeSystem", code)
    assert isinstance(error, Unavailable)
    assert (
        error.remedy == "run elevated, or join the group Hyper-V Administrators and sign in again"
    )


@pytest.mark.parametrize("code", [0xC0370102, 0x80370102])
def test_who_lacks_hyper_v_is_told_how_to_install_it(code: int) -> None:
    error = failure("HcsCreateComputeSystem", code)
    assert isinstance(error, Unavailable)
    assert error.remedy is not None
    assert "-FeatureName Microsoft-Hyper-V" in error.remedy


@pytest.mark.parametrize("code", [0xC0370101, 0x80370101])
def test_an_image_of_another_build_hints_at_hyper_v(code: int) -> None:
    hint = failure("HcsCreateComputeSystem", code).hint
    assert hint is not None
    assert "isolation vm (Hyper-V)" in hint


def test_a_missing_procedure_never_means_stopped() -> None:
    missing = HResult.ERROR_PROC_NOT_FOUND
    assert missing not in ALREADY_STOPPED | NOT_FOUND | INVALID_STATE
    assert type(failure("HcsShutdownComputeSystem", missing)) is BackendError


def test_0x103_of_one_family_is_not_that_of_the_other() -> None:
    assert HResult.VMCOMPUTE_OPERATION_PENDING == 0xC0370103
    assert HResult.HCS_E_OPERATION_PENDING == 0x80370117
    assert 0x80370103 not in set(HResult)


def test_the_services_words_are_told_once_and_in_one_line() -> None:
    document = {
        "Error": -1070137087,
        "ErrorMessage": "Das Image passt nicht.\r\n",
        "ErrorEvents": [
            {"Message": "Das Image passt nicht."},
            {"Message": "Build 17763,\nHost 20348", "EventId": 5},
        ],
    }
    error = failure("HcsCreateComputeSystem", 0xC0370101, json.dumps(document), container="box")
    assert error.message == (
        "HcsCreateComputeSystem: 0xC0370101 VMCOMPUTE_IMAGE_MISMATCH: "
        "Das Image passt nicht.: Build 17763, Host 20348"
    )
    assert error.container == "box"
    cause = error.__cause__
    assert isinstance(cause, ServiceError)
    assert (cause.function, cause.code) == ("HcsCreateComputeSystem", 0xC0370101)
    assert cause.message == "Das Image passt nicht."
    assert [event.event_id for event in cause.events] == [0, 5]


def test_code_and_events_are_attributes_of_the_error_itself() -> None:
    document = json.dumps({"ErrorEvents": [{"Message": "x"}]})
    error = failure("HcsOpenProcess", 0x80070490, document)
    assert vars(error)["code"] == 0x80070490
    assert vars(error)["events"][0].message == "x"


def test_where_it_happened() -> None:
    error = failure("HcsOpenProcess", 0xC0370105, operation="exec", container="box")
    assert (error.operation, error.container, error.backend) == ("exec", "box", "hcs")
    assert failure("HcsOpenProcess", 0xC0370105).operation == "HcsOpenProcess"


def test_words_never_decide_what_kind_it_is() -> None:
    """Messages are in the language of the system."""
    document = json.dumps({"ErrorMessage": "Access is denied. The system was not found."})
    assert type(failure("HcsStartComputeSystem", 0x80004005, document)) is BackendError


@given(st.integers(0x80000000, 0xFFFFFFFF), st.none() | st.text())
def test_every_code_becomes_an_error_with_its_number_in_it(code: int, result: str | None) -> None:
    error = failure("HcsStartComputeSystem", code, result)
    assert f"0x{code:08X}" in error.message
    assert "\n" not in error.message
