"""Mount options as the runtime-spec lists them (config.md, "Linux mount options")."""

from __future__ import annotations

from functools import lru_cache

from cloche.values import Value, field
from cloche_linux.kernel import Attribute, Propagation

__all__ = ["MountOptions", "is_own", "is_translating", "parse"]

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

#: What every file system takes, and only a new one: the name it has there, and whether it is on.
_SUPERBLOCK = {
    "sync": ("sync", True),
    "async": ("sync", False),
    "dirsync": ("dirsync", True),
    "lazytime": ("lazytime", True),
    "nolazytime": ("lazytime", False),
    "mand": ("mand", True),
    "nomand": ("mand", False),
}

#: What is about how it is mounted.
_MANNERS = frozenset({"bind", "rbind", "remount", "idmap", "ridmap", "tmpcopyup"})
_MANNERS |= {"copy-symlink", "src-nofollow", "dest-nofollow"}

#: What says nothing to the kernel's new mount calls (versions of inodes are always counted), and
#: what mount(8) keeps to itself.
_SILENT = frozenset({"defaults", "loud", "silent", "iversion", "noiversion"})
_SILENT |= {"auto", "noauto", "nofail", "_netdev", "nouser"}


class MountOptions(Value):
    """The options of one mount, sorted by who takes them."""

    attributes: Attribute = _NONE
    clear: Attribute = _NONE
    #: Attributes for all mounts beneath, too.
    deep_attributes: Attribute = _NONE
    deep_clear: Attribute = _NONE
    #: In their order: a mount can be a slave and then shared among others. And whether for all.
    propagations: tuple[tuple[Propagation, bool], ...] = ()
    bind: bool = False
    recursive: bool = False
    #: Owners are to be translated, of the topmost mount or of all.
    idmap: bool = False
    recursive_idmap: bool = False
    #: By these maps, as crun(1) has them.
    maps: str = ""
    #: A source that is a link is meant itself, or to be made anew; a destination that is one, too.
    open_link: bool = False
    copy_link: bool = False
    on_link: bool = False
    #: Nothing is mounted, but what is mounted there changed.
    remount: bool = False
    #: A tmpfs is to begin with what it hides.
    copy_up: bool = False
    #: The file system's own: name and value, or None for a flag.
    own: tuple[tuple[str, str | None], ...] = ()
    #: Flags of any file system that is new.
    superblock: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def deep_at_once(self) -> bool:
        """Whether there are attributes for all mounts, and for the topmost no others."""
        deep = (self.deep_attributes, self.deep_clear)
        return any(deep) and deep == (self.attributes, self.clear)


@lru_cache(maxsize=256)
def parse(options: tuple[str, ...]) -> MountOptions:
    """Sort ``options``; a later one wins over an earlier one that says the opposite.

    What is said of all mounts wins over what is said of the topmost alone.
    """
    own = [_own(option) for option in options if is_own(option)]
    (top, top_clear), (deep, deep_clear) = _attributes(options)
    switches = dict(_SUPERBLOCK[option] for option in options if option in _SUPERBLOCK)
    return MountOptions(
        attributes=(top & ~deep_clear) | deep,
        clear=(top_clear & ~deep) | deep_clear,
        deep_attributes=deep,
        deep_clear=deep_clear,
        propagations=tuple(_PROPAGATIONS[option] for option in options if option in _PROPAGATIONS),
        bind="bind" in options or "rbind" in options,
        recursive="rbind" in options,
        idmap=any(is_translating(option) for option in options),
        recursive_idmap=any(_own(option)[0] == "ridmap" for option in options),
        maps=next((_own(option)[1] or "" for option in options if is_translating(option)), ""),
        open_link="src-nofollow" in options,
        copy_link="copy-symlink" in options,
        on_link="dest-nofollow" in options,
        remount="remount" in options,
        copy_up="tmpcopyup" in options,
        own=tuple(own),
        superblock=tuple(name for name, on in switches.items() if on),
        values={name: value for name, value in own if value is not None},
    )


def is_own(option: str) -> bool:
    """Tell whether an option is a file system's own: none that is listed, and no comment."""
    known = option in _PROPAGATIONS or option in _SUPERBLOCK or option in _MANNERS
    known = known or is_translating(option)
    comment = option[:2] in ("x-", "X-") or option.startswith("comment=")
    return not (known or option in _SILENT or comment or _level(option)[1] in _ATTRIBUTES)


def is_translating(option: str) -> bool:
    """Tell whether an option asks for other owners; maps may follow a ``=``."""
    return option.partition("=")[0] in ("idmap", "ridmap")


def _attributes(options: tuple[str, ...]) -> list[tuple[Attribute, Attribute]]:
    """What to set and to clear: of the topmost mount, and of all."""
    sets, clears = [_NONE, _NONE], [_NONE, _NONE]
    for level, name in map(_level, options):
        if name in _ATTRIBUTES:
            on, off = _ATTRIBUTES[name]
            sets[level] = (sets[level] & ~off) | on
            clears[level] = (clears[level] & ~on) | off
    return list(zip(sets, clears, strict=True))


def _level(option: str) -> tuple[int, str]:
    """Tell 0 (this mount) or 1 (all beneath too), and the option's name without its ``r``."""
    if option not in _ATTRIBUTES and option[:1] == "r" and option[1:] in _ATTRIBUTES:
        return 1, option[1:]
    return 0, option


def _own(option: str) -> tuple[str, str | None]:
    name, separator, value = option.partition("=")
    return name, value if separator else None
