"""`cloche backends` says of this machine whether it can have Windows containers, and what to do."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from cloche.probe import Supported, Unsupported
from cloche_hcs import plugin, probing
from cloche_hcs.probing import _ask_service, _not_built, probe_platform, probe_service

ENUMERATE = "HcsEnumerateComputeSystems"
ELEVATE = "run elevated, or join the group Hyper-V Administrators and sign in again"


@pytest.mark.parametrize("probe", [probe_platform, probe_service])
def test_it_needs_windows_and_says_so(probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "posix")
    assert probe(None) == Unsupported("needs Windows", "on Linux, use the runtime linux")


def test_it_needs_a_python_of_64_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing.os, "name", "nt")
    monkeypatch.setattr(sys, "maxsize", (1 << 31) - 1)
    verdict = probe_platform(None)
    assert verdict == Unsupported("needs a Python of 64 bits", "install Python for 64-bit Windows")


def test_it_takes_no_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing.os, "name", "nt")
    assert probe_platform("x") == Unsupported("hcs takes no argument, and got 'x'")


def test_what_was_not_compiled_says_why(tmp_path: Path) -> None:
    report = {"missing": ["gcc"], "reason": "there was no compiler", "remedy": "take a wheel"}
    (tmp_path / "_build.json").write_text(json.dumps(report))
    assert _not_built(str(tmp_path)) == Unsupported("there was no compiler", "take a wheel")


def test_what_was_never_built_says_so(tmp_path: Path) -> None:
    verdict = _not_built(str(tmp_path))
    assert verdict == Unsupported(
        "its C part was not compiled", "install Cloche again, from a wheel"
    )


def test_what_was_compiled_lacks_nothing(tmp_path: Path) -> None:
    (tmp_path / "_vmcompute.pyd").touch()
    assert _not_built(str(tmp_path)) is None


def test_a_service_that_answers_will_do(service: Any) -> None:
    service.begin()
    assert _ask_service() == Supported(80)
    assert [call.arguments["query"] for call in service.calls()] == ["{}"]


@pytest.mark.parametrize("code", ["0x80070005", "0x8037011B"])
def test_who_may_not_ask_is_told_how_to_be_allowed(service: Any, code: str) -> None:
    service.begin(f"fault\t{ENUMERATE}\t*\t{code}")
    verdict = _ask_service()
    assert isinstance(verdict, Unsupported)
    assert "may not use the Host Compute Service" in verdict.reason
    assert verdict.remedy == ELEVATE


def test_who_is_denied_for_a_moment_asks_again(service: Any) -> None:
    """Builds before 16299 deny everybody while a container ends."""
    service.begin(f"fault\t{ENUMERATE}\t1\t0x80070005", f"fault\t{ENUMERATE}\t2\t0x80070005")
    assert _ask_service() == Supported(80)


@pytest.mark.parametrize("code", ["0x800706BA", "0x800706BE", "0x80070426", "0x80370114"])
def test_a_service_that_does_not_run_is_to_be_started(service: Any, code: str) -> None:
    service.begin(f"fault\t{ENUMERATE}\t*\t{code}")
    verdict = _ask_service()
    assert isinstance(verdict, Unsupported)
    assert code.upper().replace("0X", "0x") in verdict.reason
    assert verdict.remedy == "start the Host Compute Service, elevated: Start-Service vmcompute"


def test_any_other_failure_is_told_as_it_is(service: Any) -> None:
    service.begin(f"fault\t{ENUMERATE}\t*\t0x8000FFFF")
    verdict = _ask_service()
    assert isinstance(verdict, Unsupported)
    assert "0x8000FFFF E_UNEXPECTED" in verdict.reason


def test_a_service_that_never_answers_is_given_up(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "_PATIENCE", 0.2)
    service.begin(f"hang\t{ENUMERATE}\t1")
    verdict = _ask_service()
    service.release()
    assert isinstance(verdict, Unsupported)
    assert verdict.reason == f"{ENUMERATE} has not returned after 0.2 seconds"
    assert verdict.remedy == "restart the Host Compute Service: Restart-Service vmcompute"


def test_its_descriptors_promise_no_more_than_the_probe_may_give() -> None:
    offered = [*plugin.cloche_runtimes(), *plugin.cloche_layer_stores()]
    assert [descriptor.name for descriptor in offered] == ["hcs", "filter"]
    assert {descriptor.ceiling for descriptor in offered} == {probing.SCORE}
