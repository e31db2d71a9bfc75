"""Mount options as the runtime-spec lists them (config.md, "Linux mount options")."""

from __future__ import annotations

from functools import lru_cache

from cloche.values import Value, field
from cloche_linux.kernel import Attribute, Propagation

__all__ = ["MountOptions", "parse"]

_NONE = Attribute(0)

#: Option: attributes to set, attributes to clear. With an ``r`` before it, the same for all mounts
#: beneath (runtime-spec 1.1).
_ATTRIBUTES: dict[str, tuple[Attribute, Attribute]] = {
    "ro": (Attribute.RDONLY, _NONE),
    "rw": (_NONE, Attribute.RDONLY),
    "nosuid": (Attribute.NOSUID, _NONE),
    "suid": (_NONE, Attribute.NOSUID),
    "nodev": (Attribute.NODEV, _NONE),
    "dev": (_NONE, Attribute.NODEV),
    "noexec": (Attribute.NOEXEC, _NONE),
    "exec": (_NONE, Attribute.NOEXEC),
    "nodiratime": (Attribute.NODIRATIME, _NONE),
    "diratime": (_NONE, Attribute.NODIRATIME),
    "nosymfollow": (Attribute.NOSYMFOLLOW, _NONE),
    "symfollow": (_NONE, Attribute.NOSYMFOLLOW),
    "noatime": (Attribute.NOATIME, Attribute.ATIME_FIELD),
    "strictatime": (Attribute.STRICTATIME, Attribute.ATIME_FIELD),
    "relatime": (_NONE, Attribute.ATIME_FIELD),
    "atime": (_NONE, Attribute.ATIME_FIELD),
    "norelatime": (_NONE, _NONE),
    "nostrictatime": (_NONE, Attribute.ATIME_FIELD),
}

_PROPAGATIONS = {
    "private": (Propagation.PRIVATE, False),
    "rprivate": (Propagation.PRIVATE, True),
    "slave": (Propagation.SLAVE, False),
    "rslave": (Propagation.SLAVE, True),
    "shared": (Propagation.SHARED, False),
    "rshared": (Propagation.SHARED, True),
    "unbindable": (Propagation.UNBINDABLE, False),
    "runbindable": (Propagation.UNBINDABLE, True),
}

#: What says nothing to the kernel's new mount calls.
_SILENT = frozenset({"defaults", "async", "loud", "silent", "nolazytime", "noiversion", "nomand"})


class MountOptions(Value):
    """The options of one mount, sorted by who takes them."""

    attributes: Attribute = _NONE
    clear: Attribute = _NONE
    #: Attributes for all mounts beneath, too.
    deep_attributes: Attribute = _NONE
    deep_clear: Attribute = _NONE
    propagation: Propagation = Propagation.KEEP
    deep_propagation: bool = False
    bind: bool = False
    recursive: bool = False
    #: An idmapped bind was asked for, of the topmost mount or of all.
    idmap: bool = False
    #: The file system's own: name and value, or None for a flag.
    own: tuple[tuple[str, str | None], ...] = ()
    values: dict[str, str] = field(default_factory=dict, compare=False)


@lru_cache(maxsize=256)
def parse(options: tuple[str, ...]) -> MountOptions:
    """Sort ``options``; a later one wins over an earlier one that says the opposite."""
    sets = [_NONE, _NONE]
    clears = [_NONE, _NONE]
    own: list[tuple[str, str | None]] = []
    propagation, deep = Propagation.KEEP, False
    for option in options:
        level, name = _level(option)
        if name in _ATTRIBUTES:
            on, off = _ATTRIBUTES[name]
            sets[level] = (sets[level] & ~off) | on
            clears[level] = (clears[level] & ~on) | off
        elif option in _PROPAGATIONS:
            propagation, deep = _PROPAGATIONS[option]
        elif option not in _SILENT and option not in {"bind", "rbind", "idmap", "ridmap"}:
            own.append(_own(option))
    return MountOptions(
        attributes=sets[0] | sets[1],
        clear=clears[0] | clears[1],
        deep_attributes=sets[1],
        deep_clear=clears[1],
        propagation=propagation,
        deep_propagation=deep,
        bind="bind" in options or "rbind" in options,
        recursive="rbind" in options,
        idmap="idmap" in options or "ridmap" in options,
        own=tuple(own),
        values={name: value for name, value in own if value is not None},
    )


def _level(option: str) -> tuple[int, str]:
    """Tell 0 (this mount) or 1 (all beneath too), and the option's name without its ``r``."""
    if option not in _ATTRIBUTES and option[:1] == "r" and option[1:] in _ATTRIBUTES:
        return 1, option[1:]
    return 0, option


def _own(option: str) -> tuple[str, str | None]:
    name, separator, value = option.partition("=")
    return name, value if separator else None
