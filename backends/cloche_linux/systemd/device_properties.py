"""Device rules as DevicePolicy and DeviceAllow, as far as those can say them.

systemd lets devices through that are on its list, where policy is strict; our own program is asked
beside it. So a rule that has no place on the list would be overruled, and then there is no list.
Source: systemd.resource-control(5).
"""

from __future__ import annotations

from cloche_linux.cgroups.devices import fold
from cloche_linux.cgroups.files import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spec import LinuxDeviceCgroup
    from cloche_linux.cgroups.devices import Device
    from cloche_linux.systemd.client import Property

__all__ = ["of_rules"]

_HEADINGS = {"Character devices:": "c", "Block devices:": "b"}
_KINDS = {"c": "char", "b": "block"}


def of_rules(rules: Sequence[LinuxDeviceCgroup]) -> list[Property]:
    """Say what the rules come to; no list where they allow all, or more than a list can say."""
    access = fold(rules)
    known = _known()
    named = [(_name(device, known), letters) for device, letters in access.exceptions.items()]
    if access.allowed or any(name is None for name, _ in named):
        return [("DevicePolicy", ("s", "auto"))]
    allowed = [(name, "".join(one for one in "rwm" if one in letters)) for name, letters in named]
    return [("DevicePolicy", ("s", "strict")), ("DeviceAllow", ("a(ss)", allowed))]


def _name(device: Device, known: dict[tuple[str, int], str]) -> str | None:
    kind, major, minor = device
    if major is None:
        return f"{_KINDS[kind]}-*" if minor is None else None
    if minor is None:
        group = known.get((kind, major))
        return None if group is None else f"{_KINDS[kind]}-{group}"
    return f"/dev/{_KINDS[kind]}/{major}:{minor}"


def _known() -> dict[tuple[str, int], str]:
    """Names of drivers by type and major number, as the kernel lists them."""
    found: dict[tuple[str, int], str] = {}
    kind = ""
    for line in (read("/proc/devices") or "").splitlines():
        kind = _HEADINGS.get(line, kind)
        number, _, name = line.strip().partition(" ")
        if number.isdigit():
            found.setdefault((kind, int(number)), name)
    return found
