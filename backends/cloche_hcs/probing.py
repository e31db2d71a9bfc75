"""Whether the Host Compute Service can be used here, found out by asking it."""

from __future__ import annotations

import json
import os
import sys
from time import sleep
from typing import TYPE_CHECKING, Final

from cloche.probe import Supported, Unsupported

if TYPE_CHECKING:
    from cloche.errors import ClocheError
    from cloche.probe import Verdict
    from cloche_hcs.vmcompute import Answer

__all__ = ["SCORE", "probe_platform", "probe_service"]

SCORE: Final = 80
_PATIENCE: Final = 15.0
_TRIES: Final = 3


def probe_platform(argument: str | None) -> Verdict:
    """Judge what needs no more than a Windows that the binding was compiled for."""
    if os.name != "nt":
        return Unsupported("needs Windows", "on Linux, use the runtime linux")
    if argument is not None:
        return Unsupported(f"hcs takes no argument, and got {argument!r}")
    if sys.maxsize < 1 << 32:
        return Unsupported("needs a Python of 64 bits", "install Python for 64-bit Windows")
    return _not_built(os.path.dirname(__file__)) or Supported(SCORE)


def probe_service(argument: str | None) -> Verdict:
    """Judge the service by listing its compute systems, as whoever runs this."""
    platform = probe_platform(argument)
    return _ask_service() if isinstance(platform, Supported) else platform


def _not_built(package: str) -> Unsupported | None:
    """Say what the install lacked, where it left no compiled binding."""
    names = os.listdir(package)
    if any(name.startswith("_vmcompute.") and name.endswith(".pyd") for name in names):
        return None
    try:
        with open(os.path.join(package, "_build.json"), encoding="utf-8") as file:
            report = json.load(file)
    except FileNotFoundError:
        return Unsupported("its C part was not compiled", "install Cloche again, from a wheel")
    return Unsupported(str(report["reason"]), str(report["remedy"]))


def _ask_service() -> Verdict:
    from cloche.errors import ClocheError
    from cloche_hcs.enumeration import ask_for_systems
    from cloche_hcs.hresult import DENIED, succeeded
    from cloche_hcs.vmcompute import load_library

    try:
        load_library()
        answer = ask_for_systems(_PATIENCE)
        for _ in range(_TRIES):
            if answer.code not in DENIED:
                break
            sleep(0.05)  # builds before 16299 deny the list while a container ends
            answer = ask_for_systems(_PATIENCE)
    except ClocheError as error:
        return Unsupported(error.message, error.hint)
    return Supported(SCORE) if succeeded(answer.code) else _refusal(answer)


def _refusal(answer: Answer[str | None]) -> Unsupported:
    from cloche_hcs.hresult import DENIED, LOST, describe
    from cloche_hcs.translate import ELEVATED, START_SERVICE, failure

    if answer.code in DENIED:
        return Unsupported(
            f"this user may not use the Host Compute Service ({describe(answer.code)})", ELEVATED
        )
    if answer.code in LOST:
        return Unsupported(
            f"the Host Compute Service is not running ({describe(answer.code)})", START_SERVICE
        )
    error: ClocheError = failure("HcsEnumerateComputeSystems", answer.code, answer.result)
    return Unsupported(error.message, error.hint)
