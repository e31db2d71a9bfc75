"""Which devices a group may use: rules, and what they come to.

Rules are applied in order, as the kernel's v1 device controller applies them (its
security/device_cgroup.c): a rule for all devices sets what holds for every device from there on,
the others are exceptions. v1 is told the rules; for v2 they are folded here and become a program.
"""

from __future__ import annotations

from cloche.errors import InvalidSpec
from cloche.spec import LinuxDeviceCgroup
from cloche.values import Value, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ALWAYS", "Access", "Device", "access_of", "fold", "lines", "with_defaults"]

#: Type (``b``, ``c``), major and minor; None for every number.
Device = tuple[str, int | None, int | None]


class Access(Value, kw_only=True):
    """What a list of rules allows: a default, and exceptions from it as sets of r, w and m."""

    allowed: bool
    exceptions: dict[Device, frozenset[str]] = field(default_factory=dict)


def _allow(type: str, major: int | None, minor: int | None, access: str) -> LinuxDeviceCgroup:
    return LinuxDeviceCgroup(allow=True, type=type, major=major, minor=minor, access=access)


#: What every container may use, whatever its rules: making any node, and using the harmless ones.
ALWAYS = (
    _allow("c", None, None, "m"),
    _allow("b", None, None, "m"),
    *(_allow("c", 1, minor, "rwm") for minor in (3, 5, 7, 8, 9)),
    _allow("c", 5, 0, "rwm"),
    _allow("c", 5, 2, "rwm"),
    _allow("c", 136, None, "rwm"),
)


def with_defaults(rules: Iterable[LinuxDeviceCgroup]) -> tuple[LinuxDeviceCgroup, ...]:
    """Check the rules and add those that always hold; no rules stay no rules.

    Raises InvalidSpec.
    """
    asked = tuple(rules)
    for index, rule in enumerate(asked):
        _check(rule, f"linux.resources.devices[{index}]")
    return (*asked, *ALWAYS) if asked else ()


def lines(rules: Iterable[LinuxDeviceCgroup]) -> Iterator[tuple[str, str]]:
    """Say the rules in v1's words: the file to write to, and what."""
    for rule in rules:
        kind, major, minor = _device(rule)
        numbers = f"{_number(major)}:{_number(minor)}"
        value = "a" if kind == "a" else f"{kind} {numbers} {access_of(rule)}"
        yield ("devices.allow" if rule.allow else "devices.deny"), value


def fold(rules: Iterable[LinuxDeviceCgroup]) -> Access:
    """Work out what holds after all rules."""
    allowed, exceptions = True, dict[Device, frozenset[str]]()
    for rule in rules:
        device, access = _device(rule), frozenset(access_of(rule))
        if device[0] == "a":
            allowed, exceptions = rule.allow, {}
        elif rule.allow != allowed:
            exceptions[device] = exceptions.get(device, frozenset()) | access
        elif rest := exceptions.pop(device, frozenset()) - access:
            exceptions[device] = rest
    return Access(allowed=allowed, exceptions=exceptions)


def _device(rule: LinuxDeviceCgroup) -> Device:
    kind = "c" if rule.type == "u" else rule.type or "a"
    wide = [None if number is None or number < 0 else number for number in (rule.major, rule.minor)]
    return kind, wide[0], wide[1]


def access_of(rule: LinuxDeviceCgroup) -> str:
    """What a rule is about; of that, too, some writers call all ``a``, as of the types."""
    return "rwm" if "a" in (rule.access or "a") else str(rule.access)


def _number(number: int | None) -> str:
    return "*" if number is None else str(number)


def _check(rule: LinuxDeviceCgroup, path: str) -> None:
    if (rule.type or "a") not in ("a", "b", "c", "u"):
        raise _wrong(f"{path}.type", f"{rule.type!r} is not a type of device")
    if rule.access is not None and (not rule.access or set(rule.access) - set("rwma")):
        wrong = f"access {rule.access!r} is not made of r, w and m, or a for all"
        raise _wrong(f"{path}.access", wrong)
    if any(number is not None and number >= 2**31 for number in (rule.major, rule.minor)):
        raise _wrong(path, "a device number is below 2147483648")


def _wrong(path: str, message: str) -> InvalidSpec:
    return InvalidSpec(f"{path}: {message}", path=path)
