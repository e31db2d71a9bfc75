"""Who makes control groups: this runtime, or systemd."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec, NotSupported, Unavailable

if TYPE_CHECKING:
    from cloche.spec import Spec
    from cloche_cli.oci.flags import Typed

__all__ = ["check_manager", "without_groups"]

_MANAGERS = ("cgroupfs", "systemd", "disabled")


def check_manager(typed: Typed) -> None:
    """Refuse a manager of control groups that is not here."""
    manager = typed.text("cgroup-manager") or "cgroupfs"
    if manager not in _MANAGERS:
        raise InvalidSpec(f"--cgroup-manager: {manager!r} is none of {', '.join(_MANAGERS)}")
    if manager == "systemd" or typed.switch("systemd-cgroup"):
        if not os.path.isdir("/run/systemd/system"):
            raise Unavailable("--systemd-cgroup: systemd does not run here", remedy="use cgroupfs")
        raise NotSupported("--systemd-cgroup: not supported by this runtime", hint="use cgroupfs")


def without_groups(typed: Typed, spec: Spec) -> Spec:
    """Leave out what needs control groups, if nobody is to make any."""
    if typed.text("cgroup-manager") != "disabled" or spec.linux is None:
        return spec
    return spec.replace(linux=spec.linux.replace(resources=None, cgroups_path=None))
