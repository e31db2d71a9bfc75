"""``security_opt``: which system calls, and whether new privileges may be gained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cloche.errors import InvalidSpec, NotSupported

if TYPE_CHECKING:
    from cloche.request import Asked
    from cloche.spec import LinuxSeccomp

__all__ = ["Security", "security_options"]


class Security(NamedTuple):
    """What was asked for."""

    #: System calls are filtered at all.
    confined: bool = True
    #: By this profile; None for the default.
    profile: LinuxSeccomp | None = None
    no_new_privileges: bool = True


def security_options(asked: Asked) -> Security:
    """Read them; later ones win."""
    security = Security()
    for option in asked.security_opt:
        name, _, value = option.partition("=" if "=" in option else ":")
        if name == "no-new-privileges" and value in ("", "true", "false"):
            security = security._replace(no_new_privileges=value != "false")
        elif name == "seccomp" and value in ("unconfined", "builtin"):
            security = security._replace(confined=value != "unconfined", profile=None)
        elif name == "seccomp" and value:
            security = security._replace(confined=True, profile=_read_profile(value, asked))
        elif name in ("apparmor", "label", "systempaths"):
            raise NotSupported(f"security_opt: {name} is not supported yet")
        else:
            raise InvalidSpec(
                f"security_opt: {option!r} is not known",
                path="security_opt",
                hint="seccomp=unconfined|FILE, no-new-privileges[:false]",
            )
    return security


def _read_profile(path: str, asked: Asked) -> LinuxSeccomp:
    from cloche.documents import read
    from cloche.spec import LinuxSeccomp
    from cloche.specification import capability_names

    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSpec(
            f"security_opt: seccomp={path}: {getattr(error, 'strerror', error)}",
            path="security_opt",
        ) from None
    try:
        return read(LinuxSeccomp, _resolve(text, frozenset(capability_names(asked))))
    except (InvalidSpec, ValueError) as error:
        raise InvalidSpec(f"security_opt: {path}: {error}", path="security_opt") from None


def _resolve(text: str, capabilities: frozenset[str]) -> dict[str, object]:
    """Turn docker's form, with conditions on each rule, into the specification's."""
    from json import loads

    from cloche.host import architecture

    profile: Any = loads(text)
    if not isinstance(profile, dict):
        raise InvalidSpec("it is not a seccomp profile")
    machine = architecture()
    rules = [
        rule for rule in profile.get("syscalls") or () if _applies(rule, capabilities, machine)
    ]
    return {**profile, "syscalls": rules}


def _applies(rule: Any, capabilities: frozenset[str], machine: str) -> bool:
    wanted, unwanted = rule.get("includes") or {}, rule.get("excludes") or {}
    return (
        capabilities.issuperset(wanted.get("caps") or ())
        and machine in (wanted.get("arches") or (machine,))
        and _kernel() >= _version(wanted.get("minKernel"))
        and capabilities.isdisjoint(unwanted.get("caps") or ())
        and machine not in (unwanted.get("arches") or ())
    )


def _kernel() -> tuple[int, ...]:
    from cloche.host import kernel

    return _version(kernel().partition("-")[0])


def _version(text: str | None) -> tuple[int, ...]:
    numbers = (text or "0").split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdecimal())
