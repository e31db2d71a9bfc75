"""Which parameters each verb has, and how each of them is checked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeAlias

from cloche import arguments as check
from cloche.arguments import not_yet, wrong
from cloche.errors import InvalidSpec
from cloche.quantities import cpus, duration, integer, size
from cloche.records import check_new_name
from cloche.runtime import Isolation, Lifetime

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.mount import Mount

    Checks: TypeAlias = dict[str, Callable[[str, Any], Any]]

__all__ = ["EXEC", "EXEC_RUN", "RUN", "START"]

_BIGGEST = 2**63 - 1


def _user(parameter: str, value: object) -> str:
    return str(value) if isinstance(value, int) else check.text(parameter, value)


def _rootfs(parameter: str, value: object) -> str:
    path = os.path.abspath(os.path.expanduser(check.text(parameter, value)))
    if not os.path.isdir(path):
        missing = "is not a directory" if os.path.exists(path) else "does not exist"
        raise InvalidSpec(f"{parameter}: {path} {missing}", path=parameter)
    return path


def _entrypoint(parameter: str, value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else check.command(parameter, value)


def _lifetime(parameter: str, value: object) -> Lifetime:
    word = value.value if isinstance(value, Lifetime) else value
    return Lifetime(check.choice("process", "detached")(parameter, word))


def _network(parameter: str, value: object) -> str:
    if value in ("bridge", "default", "slirp4netns", "pasta"):
        raise not_yet(parameter, f"{value} is", "network=none, or host for this machine's own")
    return check.choice("none", "host")(parameter, value)


def _hostname(parameter: str, value: object) -> str:
    name = check.text(parameter, value)
    if len(name) > 64 or not all(c.isalnum() or c in "-._" for c in name):
        raise wrong(parameter, value, "a host name", "letters, digits, - and ., at most 64")
    return name


def _isolation(parameter: str, value: object) -> Isolation:
    word = value.value if isinstance(value, Isolation) else value
    word = check.choice("process", "vm", "hyperv")(parameter, word)
    return Isolation.PROCESS if word == "process" else Isolation.VM


def _mounts(parameter: str, value: Any) -> tuple[Mount, ...]:
    from cloche.mount import Mount

    for mount in value:
        if not isinstance(mount, Mount):
            raise wrong(parameter, mount, "a cloche.Mount", 'Mount.bind("data", "/data")')
    return tuple(value)


def _volumes(parameter: str, value: object) -> tuple[Mount, ...]:
    from cloche.mount import Mount

    return tuple(map(Mount.parse, check.strings(parameter, value)))


def _tmpfs(parameter: str, value: object) -> tuple[Mount, ...]:
    from cloche.mount import Mount

    if isinstance(value, dict):
        value = [f"{path}:{options}" for path, options in value.items()]
    return tuple(map(Mount.parse_tmpfs, check.strings(parameter, value)))


def _memory_swap(parameter: str, value: object) -> int:
    return -1 if value in (-1, "-1") else size(parameter, value)


def _ulimits(parameter: str, value: Any) -> dict[str, tuple[int, int]]:
    limits = value if isinstance(value, dict) else check.pairs(parameter, value)
    return {name: _ulimit(parameter, name, limit) for name, limit in limits.items()}


def _ulimit(parameter: str, name: str, limit: object) -> tuple[int, int]:
    if isinstance(limit, str):
        limit = tuple(limit.split(":"))
    both = limit if isinstance(limit, tuple) else (limit,)
    if len(both) not in (1, 2):
        raise wrong(parameter, limit, "a limit", "nofile=1024, or nofile=SOFT:HARD")
    numbers = [
        -1 if n in ("unlimited", "-1") else integer(parameter, n, -1, _BIGGEST) for n in both
    ]
    soft, hard = numbers[0], numbers[-1]
    if hard != -1 and (soft == -1 or soft > hard):
        raise wrong(parameter, f"{name}={soft}:{hard}", "possible: the soft limit is the lower one")
    return soft, hard


def _names(parameter: str, value: object) -> frozenset[str]:
    names = frozenset(check.strings(parameter, value))
    for name in sorted(names - _UNENFORCED):
        raise wrong(parameter, name, f"one of {', '.join(sorted(_UNENFORCED))}")
    return names


_UNENFORCED = frozenset(
    [
        "memory",
        "memory_swap",
        "cpus",
        "cpu_shares",
        "cpuset_cpus",
        "pids_limit",
        "storage_size",
        "ulimits",
        "oom_score_adj",
        "group_add",
        "devices",
    ]
)

_PROCESS: dict[str, Callable[[str, Any], Any]] = {
    "env": check.environment,
    "user": _user,
    "workdir": check.directory,
    "tty": check.window,
    "preserve_fds": check.descriptors,
    "stdin": check.stream,
    "stdout": check.stream,
    "stderr": check.stream,
    "text": check.boolean,
}
_WAITING: dict[str, Callable[[str, Any], Any]] = {
    "input": check.to_bytes,
    "capture_output": check.boolean,
    "check": check.boolean,
    "timeout": duration,
    "output_limit": size,
}
EXEC = {**_PROCESS, "cap_add": check.strings}
EXEC_RUN = {**EXEC, **_WAITING}
START: dict[str, Callable[[str, Any], Any]] = {
    **_PROCESS,
    "group_add": check.strings,
    "image": check.text,
    "pull": check.choice("always", "missing", "never"),
    "platform": check.text,
    "rootfs": _rootfs,
    "entrypoint": _entrypoint,
    "name": lambda parameter, value: check_new_name(value, parameter),
    "replace": check.boolean,
    "keep": check.boolean,
    "idle": check.boolean,
    "init": check.boolean,
    "labels": check.pairs,
    "stop_signal": check.signal,
    "stop_timeout": duration,
    "lifetime": _lifetime,
    "hostname": _hostname,
    "network": _network,
    "isolation": _isolation,
    "mounts": _mounts,
    "volumes": _volumes,
    "tmpfs": _tmpfs,
    "files": check.contents,
    "read_only": check.boolean,
    "storage_size": size,
    "shm_size": size,
    "memory": size,
    "memory_swap": _memory_swap,
    "cpus": cpus,
    "cpu_shares": check.whole(2, 262144),
    "cpuset_cpus": check.text,
    "pids_limit": check.whole(-1, 4194304),
    "cap_add": check.strings,
    "cap_drop": check.strings,
    "security_opt": check.strings,
    "devices": check.strings,
    "ulimits": _ulimits,
    "sysctls": check.pairs,
    "umask": check.mode,
    "oom_score_adj": check.whole(-1000, 1000),
    "runtime": check.text,
    "layer_store": check.text,
    "stdio_driver": check.text,
    "allow_unenforced": _names,
}
RUN = {**START, **_WAITING}
