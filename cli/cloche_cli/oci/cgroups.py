"""Who makes control groups: this runtime, or systemd."""

from __future__ import annotations

import sys

assert sys.platform != "win32"


from cloche.errors import InvalidSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from cloche.spec import Spec
    from cloche_cli.oci.flags import Typed

__all__ = ["check_manager", "manager", "without_groups"]

_MANAGERS = ("cgroupfs", "systemd", "disabled")


def check_manager(typed: Typed) -> None:
    """Refuse a manager of control groups that there is none of."""
    named = typed.text("cgroup-manager") or "cgroupfs"
    if named not in _MANAGERS:
        raise InvalidSpec(f"--cgroup-manager: {named!r} is none of {', '.join(_MANAGERS)}")


def manager(typed: Typed) -> Literal["cgroupfs", "systemd", "disabled"]:
    """Who is to make control groups; whether systemd is here is found out by whoever asks it."""
    if typed.text("cgroup-manager") == "disabled":
        return "disabled"
    by_systemd = typed.text("cgroup-manager") == "systemd" or typed.switch("systemd-cgroup")
    return "systemd" if by_systemd else "cgroupfs"


def without_groups(typed: Typed, spec: Spec) -> Spec:
    """Leave out what needs control groups, if nobody is to make any."""
    if typed.text("cgroup-manager") != "disabled" or spec.linux is None:
        return spec
    return spec.replace(linux=spec.linux.replace(resources=None, cgroups_path=None))
