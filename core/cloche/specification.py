"""From what was asked for to the OCI specification, by the defaults of ``cloche.defaults``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.capabilities import DEFAULT, altered, sets
from cloche.defaults.linux import ENVIRONMENT, MOUNTS, NAMESPACES, linux_process, linux_spec
from cloche.defaults.profile import seccomp_profile
from cloche.errors import InvalidSpec
from cloche.spec import Box, User

if TYPE_CHECKING:
    from cloche.request import Asked
    from cloche.security import Security
    from cloche.spec import LinuxSeccomp, Mount, Process, Spec

__all__ = ["capability_names", "executed_process", "group_names", "specify"]

_SHARED_NAMESPACES = tuple(space for space in NAMESPACES if space.type != "network")
_TERM = "TERM=xterm"


def specify(asked: Asked, id: str) -> Spec:
    """Build the specification of a new container; its root comes later.

    Raises InvalidSpec for what fits no machine.
    """
    hostname = _hostname(asked, id)
    names = capability_names(asked)
    security = _security(asked)
    process = _process(asked, hostname, names, security)
    spec = linux_spec(
        process,
        hostname=hostname,
        mounts=_mounts(asked),
        namespaces=_SHARED_NAMESPACES if asked.network == "host" else NAMESPACES,
        seccomp=_profile(security, names),
    )
    return spec if _RARE.isdisjoint(asked.__dict__) else _with_limits(spec, asked, names)


#: Parameters that change the Linux section beyond its defaults.
_RARE = frozenset(
    [
        "memory",
        "memory_swap",
        "cpus",
        "cpu_shares",
        "cpuset_cpus",
        "pids_limit",
        "devices",
        "sysctls",
        "cap_add",
    ]
)


def _with_limits(spec: Spec, asked: Asked, capabilities: tuple[str, ...]) -> Spec:
    from cloche.limits import devices, resources

    assert spec.linux is not None
    nodes, rules = devices(asked, capabilities)
    linux = spec.linux.replace(
        sysctl=dict(asked.sysctls) or None,
        devices=nodes or None,
        resources=resources(asked, rules),
    )
    return spec.replace(linux=linux)


def _hostname(asked: Asked, id: str) -> str:
    if asked.hostname is None and asked.network == "host":
        from cloche.host import name

        return name()
    return asked.hostname or id


def capability_names(asked: Asked) -> tuple[str, ...]:
    """Name the capabilities of the bounding set; InvalidSpec for one that does not exist."""
    if not asked.cap_add and not asked.cap_drop:
        return DEFAULT
    try:
        return altered(asked.cap_add, asked.cap_drop)
    except InvalidSpec as error:
        which = "cap_add" if _is_wrong(asked.cap_add) else "cap_drop"
        raise InvalidSpec(f"{which}: {error}", path=which, hint=error.hint) from None


def _is_wrong(names: tuple[str, ...]) -> bool:
    try:
        altered(names)
    except InvalidSpec:
        return True
    return False


def _security(asked: Asked) -> Security | None:
    """What was asked for; None for the defaults."""
    if not asked.security_opt:
        return None
    from cloche.security import security_options

    return security_options(asked)


def _profile(security: Security | None, capabilities: tuple[str, ...]) -> LinuxSeccomp | None:
    if security is None or (security.confined and security.profile is None):
        return seccomp_profile(capabilities)
    return security.profile


def _process(
    asked: Asked, hostname: str, capabilities: tuple[str, ...], security: Security | None
) -> Process:
    process = linux_process(
        asked.args,
        env=_environment((*ENVIRONMENT, f"HOSTNAME={hostname}"), asked),
        cwd=_workdir(asked) or "/",
        user=_user(asked),
        capabilities=sets(capabilities),
    )
    if asked.tty or asked.ulimits or asked.oom_score_adj is not None or security is not None:
        from cloche.limits import rlimits

        return process.replace(
            no_new_privileges=security is None or security.no_new_privileges,
            terminal=True if asked.tty else None,
            console_size=_box(asked),
            rlimits=rlimits(asked.ulimits) or None,
            oom_score_adj=asked.oom_score_adj,
        )
    return process


def _box(asked: Asked) -> Box | None:
    return Box(height=asked.tty.height, width=asked.tty.width) if asked.tty else None


def _environment(base: tuple[str, ...], asked: Asked) -> tuple[str, ...]:
    """The base, then what was asked for; a name stands once, where it stood first."""
    if asked.tty and not any(variable.startswith("TERM=") for variable in base):
        base = (*base, _TERM)
    if not asked.env:
        return base
    merged = {variable.partition("=")[0]: variable for variable in base}
    merged |= {name: f"{name}={value}" for name, value in asked.env.items()}
    return tuple(merged.values())


_ROOT = User()


def _user(asked: Asked) -> User:
    """Numbers where they are numbers; names stay, and the runtime looks them up inside."""
    if asked.user is None and not asked.group_add and asked.umask is None:
        return _ROOT
    name, _, group = (asked.user or "").partition(":")
    return User(
        uid=int(name) if name.isdecimal() else 0,
        gid=int(group) if group.isdecimal() else 0,
        umask=asked.umask,
        additional_gids=tuple(int(g) for g in asked.group_add if g.isdecimal()) or None,
        username=asked.user,
    )


def group_names(asked: Asked) -> tuple[str, ...]:
    """Further groups that only the container's own files can tell."""
    return tuple(group for group in asked.group_add if not group.isdecimal())


def _mounts(asked: Asked) -> tuple[Mount, ...]:
    if not (asked.mounts or asked.volumes or asked.tmpfs or asked.shm_size):
        return MOUNTS
    given = [
        mount.to_spec(parameter)
        for parameter in ("mounts", "volumes", "tmpfs")
        for mount in getattr(asked, parameter)
    ]
    places = {mount.destination.rstrip("/") for mount in given}
    kept = [_sized(mount, asked) for mount in MOUNTS if mount.destination not in places]
    return (*kept, *given)


def _sized(mount: Mount, asked: Asked) -> Mount:
    if asked.shm_size is None or mount.destination != "/dev/shm":  # noqa: S108 - in the container
        return mount
    options = [option for option in mount.options or () if not option.startswith("size=")]
    return mount.replace(options=(*options, f"size={asked.shm_size}"))


def _workdir(asked: Asked) -> str | None:
    if asked.workdir is None or asked.workdir.startswith("/"):
        return asked.workdir
    raise InvalidSpec(
        f"workdir: {asked.workdir!r} is not an absolute path in the container", path="workdir"
    )


def executed_process(base: Process, asked: Asked, *, windows: bool = False) -> Process:
    """Build a further process in a container whose first is ``base``."""
    capabilities = base.capabilities
    if asked.cap_add:
        held = (base.capabilities.bounding if base.capabilities else None) or ()
        capabilities = sets(altered(asked.cap_add, base=held))
    return base.replace(
        args=asked.args,
        command_line=None,
        env=_environment(base.env or (), asked),
        cwd=(asked.workdir if windows else _workdir(asked)) or base.cwd,
        user=base.user if asked.user is None else _user(asked),
        terminal=True if asked.tty else None,
        console_size=_box(asked),
        capabilities=capabilities,
    )
