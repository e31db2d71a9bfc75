"""Signals have Linux's names and numbers on every host."""

from __future__ import annotations

import signal

import pytest

from cloche.signals import signal_name, signal_number


def test_agrees_with_this_hosts_own_table() -> None:
    for host in signal.Signals:
        assert signal_number(host.name) == host.value
        if host.name not in {"SIGRTMAX"}:
            assert signal_name(host.value) == host.name


@pytest.mark.parametrize("number", range(1, 65))
def test_name_and_number_are_each_others_inverse(number: int) -> None:
    assert signal_number(signal_name(number)) == number


@pytest.mark.parametrize("text", [9, "9", "KILL", "sigkill", "SIGKILL", " kill "])
def test_is_read_in_all_usual_forms(text: int | str) -> None:
    assert signal_number(text) == 9


def test_real_time_signals_count_from_either_end() -> None:
    assert signal_number("RTMIN+3") == 37
    assert signal_number("SIGRTMAX-1") == 63


@pytest.mark.parametrize("text", [0, 65, -1, "", "SIG", "FOO", "RTMIN+31", "RTMIN-1", "٩", "SIG9x"])
def test_what_is_no_signal_is_refused(text: int | str) -> None:
    with pytest.raises(ValueError, match="not a signal"):
        signal_number(text)


def test_numbers_without_signal_have_no_name() -> None:
    with pytest.raises(ValueError, match="not a signal"):
        signal_name(0)
