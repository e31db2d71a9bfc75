"""Linux capabilities by name, and what ``--cap-add`` and ``--cap-drop`` make of them.

Names are those of capabilities(7); they are listed in the order of their numbers.
"""

from __future__ import annotations

from cloche.spec import LinuxCapabilities

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.errors import InvalidSpec

__all__ = ["ALL", "DEFAULT", "DEFAULT_SETS", "altered", "canonical", "sets"]

_NAMES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP "
    "LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER "
    "SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE "
    "SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP "
    "MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF "
    "CHECKPOINT_RESTORE"
)

ALL = tuple(f"CAP_{name}" for name in _NAMES.split())

#: What a container has unless asked otherwise: docker's set without CAP_MKNOD, because a container
#: without limits has no device cgroup that would make device nodes harmless.
DEFAULT = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SYS_CHROOT",
    "CAP_AUDIT_WRITE",
    "CAP_SETFCAP",
)


def sets(names: tuple[str, ...]) -> LinuxCapabilities:
    """The sets of a process that may use all of ``names``; none is ambient or inheritable."""
    if names == DEFAULT:
        return DEFAULT_SETS
    return LinuxCapabilities(bounding=names, effective=names, permitted=names)


DEFAULT_SETS = LinuxCapabilities(bounding=DEFAULT, effective=DEFAULT, permitted=DEFAULT)


def altered(
    add: Iterable[str] = (), drop: Iterable[str] = (), *, base: tuple[str, ...] = DEFAULT
) -> tuple[str, ...]:
    """``base`` with some dropped and some added, as docker does it.

    Names may be in any case and without ``CAP_``, and ``ALL`` means all of them. What is both added
    and dropped stays, unless ALL are added: then what is dropped by name goes. Raises InvalidSpec
    for a name that is no capability. ALL includes what the running kernel may not know.
    """
    added, dropped = {*map(canonical, add)}, {*map(canonical, drop)}
    if "ALL" in added:
        wanted = {*ALL} - dropped
    elif "ALL" in dropped:
        wanted = added
    else:
        wanted = ({*base} - dropped) | added
    return tuple(name for name in ALL if name in wanted)


def canonical(name: str) -> str:
    """``CAP_NET_ADMIN`` for ``net_admin``, and ``ALL`` for ``all``; InvalidSpec for any other."""
    upper = name.upper()
    full = upper if upper == "ALL" or upper.startswith("CAP_") else f"CAP_{upper}"
    if full != "ALL" and full not in ALL:
        raise _unknown(name, full)
    return full


def _unknown(name: str, full: str) -> InvalidSpec:
    from difflib import get_close_matches

    from cloche.errors import InvalidSpec

    near = get_close_matches(full, ALL, n=1, cutoff=0.7)
    hint = f"did you mean {near[0]}?" if near else "capabilities(7) lists them"
    return InvalidSpec(f"no such capability: {name}", path="process.capabilities", hint=hint)
