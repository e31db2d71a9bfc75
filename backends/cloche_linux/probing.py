"""Whether the native runtime works here, found out by trying."""

from __future__ import annotations

import errno
import json
import os
import sys
from typing import TYPE_CHECKING

from cloche.probe import Supported, Unsupported
from cloche.runtime import Capability

if TYPE_CHECKING:
    from cloche.probe import Verdict
    from cloche.spec import LinuxResources

__all__ = ["probe_platform", "probe_runtime", "probe_store"]

_MACHINES = ("x86_64", "aarch64")
_SCORE = 80


def probe_platform(argument: str | None) -> Verdict:
    """Judge what needs no more than a Linux that the extension was compiled for."""
    if sys.platform != "linux":
        return Unsupported(f"this is {sys.platform}, not Linux")
    if argument is not None:
        return Unsupported(f"the native runtime takes no argument, and got {argument!r}")
    machine = os.uname().machine
    if machine not in _MACHINES:
        return Unsupported(f"no native runtime for {machine}", f"use one of {', '.join(_MACHINES)}")
    return _not_built() or Supported(_SCORE)


def probe_store(argument: str | None) -> Verdict:
    """Judge the overlay store: its roots are the native runtime's to mount."""
    verdict = probe_runtime(argument)
    return Supported(_SCORE) if isinstance(verdict, Supported) else verdict


def probe_runtime(argument: str | None) -> Verdict:
    """Judge the runtime by carrying out what its plans need, in a child that is thrown away."""
    platform = probe_platform(argument)
    if isinstance(platform, Unsupported):
        return platform
    from cloche_linux import spawn
    from cloche_linux.privileges import privileges

    rootless = privileges().rootless
    failed = {name: code for name, code in spawn.probe(user_namespace=rootless).items() if code}
    if failed:
        return _lacking(failed, rootless)
    return Supported(_SCORE, _missing(), _notes(rootless))


def _not_built() -> Unsupported | None:
    """Say what the install lacked, where it left no compiled extension."""
    directory = os.path.dirname(__file__)
    if any(name.startswith("_native.") and name.endswith(".so") for name in os.listdir(directory)):
        return None
    try:
        with open(os.path.join(directory, "_build.json"), encoding="utf-8") as file:
            report = json.load(file)
    except FileNotFoundError:
        return Unsupported("its C part was not compiled", "install Cloche again, from a wheel")
    return Unsupported(str(report["reason"]), str(report["remedy"]))


def _lacking(failed: dict[str, int], rootless: bool) -> Unsupported:
    words = ", ".join(
        f"{name} ({errno.errorcode.get(code, code)})" for name, code in failed.items()
    )
    reason = f"this kernel or sandbox lacks: {words}"
    if errno.ENOSYS in failed.values():
        return Unsupported(reason, "Linux 5.12 or newer has all of it; see docs/kernel.md")
    if rootless:
        return Unsupported(
            reason,
            "run as root, or allow user namespaces (kernel.unprivileged_userns_clone=1, "
            "kernel.apparmor_restrict_unprivileged_userns=0)",
        )
    return Unsupported(reason, "inside another container, give that one CAP_SYS_ADMIN")


def _missing() -> dict[Capability, str]:
    """Name abilities that need control groups which this user can't have.

    One limit that can be had is enough to have limits: a request's own are judged one by one.
    """
    from cloche.spec import LinuxCPU, LinuxMemory, LinuxPids, LinuxResources

    limits = (
        LinuxResources(memory=LinuxMemory(limit=1 << 30)),
        LinuxResources(pids=LinuxPids(limit=1000)),
        LinuxResources(cpu=LinuxCPU(shares=1000)),
    )
    refusals = [_refusal(one) for one in limits]
    missing = {Capability.PAUSE: _refusal(None), Capability.STATS: _refusal_of_stats()}
    if all(refusals):
        missing |= dict.fromkeys((Capability.LIMITS, Capability.UPDATE), refusals[0])
    return {capability: reason for capability, reason in missing.items() if reason}


def _refusal_of_stats() -> str | None:
    from cloche_linux import cgroups

    plan = cgroups.plan(None, id="probe", need_stats=True)
    return None if plan is not None else "this user has no delegated control group"


def _refusal(resources: LinuxResources | None) -> str | None:
    """Say why these limits can't be had here, or with none of them no pause; None if they can."""
    from cloche.errors import Unavailable
    from cloche_linux import cgroups

    try:
        cgroups.plan(resources, id="probe", need_freezer=resources is None)
    except Unavailable as error:
        return error.reason
    return None


def _notes(rootless: bool) -> tuple[str, ...]:
    if not rootless:
        return ()
    from cloche_linux.idmaps import own_maps

    single = own_maps().single
    return ("only this user's own id is mapped: install uidmap for more",) if single else ()
