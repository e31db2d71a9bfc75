"""From what was asked for to the OCI specification of a Windows container."""

from __future__ import annotations

import os
from math import ceil
from typing import TYPE_CHECKING, Final

from cloche.defaults.windows import windows_process, windows_spec
from cloche.errors import InvalidSpec
from cloche.runtime import Isolation
from cloche.windows_mounts import windows_mount

if TYPE_CHECKING:
    from cloche.layers import Layer
    from cloche.request import Asked
    from cloche.spec import (
        Mount,
        Process,
        Spec,
        User,
        WindowsDevice,
        WindowsHyperV,
        WindowsResources,
    )

__all__ = ["specify_windows"]

#: The image's Windows, by the name under which OCI's conversion of images passes it on.
OS_VERSION: Final = "org.opencontainers.image.os.version"
#: What Windows has nothing like. To leave it out silently would be to run with more rights.
_UNKNOWN: Final = (
    *("group_add", "umask", "oom_score_adj", "ulimits", "cap_add", "cap_drop", "security_opt"),
    *("tmpfs", "shm_size", "sysctls", "memory_swap", "cpuset_cpus", "pids_limit", "read_only"),
    *("files", "preserve_fds"),
)
_UNLIMITED: Final = {"memory_swap": -1, "pids_limit": -1}
_MOST_SHARES: Final = 10_000
#: The processors' time is told in hundredths of a percent.
_WHOLE: Final = 10_000


def specify_windows(asked: Asked, id: str, layers: tuple[Layer, ...]) -> Spec:
    """Build the specification of a new container over ``layers``, topmost first.

    It has no network: endpoints are named in whole specifications only. Raises InvalidSpec, by the
    name of the parameter, for what Windows has nothing like.
    """
    _check(asked)
    spec = windows_spec(
        _process(asked),
        tuple(str(layer.path) for layer in layers),
        hostname=asked.hostname or id,
    )
    assert spec.windows is not None
    windows = spec.windows.replace(
        resources=_resources(asked), hyperv=_hyperv(asked), devices=_devices(asked)
    )
    annotations = None if asked.os_version is None else {OS_VERSION: asked.os_version}
    return spec.replace(windows=windows, mounts=_mounts(asked), annotations=annotations)


def _check(asked: Asked) -> None:
    for name in _UNKNOWN:
        if name in asked.__dict__ and name not in asked.allow_unenforced:
            value = getattr(asked, name)
            if name == "umask" or (value and value != _UNLIMITED.get(name)):
                raise InvalidSpec(f"{name}: Windows has nothing like it", path=name)
    if asked.network == "host":
        raise InvalidSpec(
            "network: a Windows container has no share in this machine's own",
            path="network",
            hint="network=none, or a specification with endpoints in windows.network",
        )


def _process(asked: Asked) -> Process:
    process = windows_process(
        asked.args or None,
        command_line=_command_line(asked),
        env=tuple(f"{name}={value}" for name, value in asked.env.items()) or None,
        cwd=asked.workdir or "C:\\",
    )
    return process.replace(user=_user(asked), **_terminal(asked))


def _command_line(asked: Asked) -> str | None:
    """Give what the image has quoted already; other arguments are quoted by the runtime."""
    if not asked.args_escaped:
        return "" if asked.idle else None
    from subprocess import list2cmdline

    first, *rest = asked.args
    return " ".join(filter(None, (first, list2cmdline(rest))))


def _terminal(asked: Asked) -> dict[str, object]:
    if asked.tty is None:
        return {}
    from cloche.spec import Box

    box = Box(height=asked.tty.height, width=asked.tty.width)
    return {"terminal": True, "console_size": box}


def _user(asked: Asked) -> User:
    from cloche.spec import User

    return User() if asked.user is None else User(username=asked.user)


def _mounts(asked: Asked) -> tuple[Mount, ...] | None:
    return (
        tuple(
            windows_mount(mount, parameter)
            for parameter in ("mounts", "volumes")
            for mount in getattr(asked, parameter)
        )
        or None
    )


def _hyperv(asked: Asked) -> WindowsHyperV | None:
    if asked.isolation is not Isolation.VM:
        return None
    from cloche.spec import WindowsHyperV

    return WindowsHyperV()


def _resources(asked: Asked) -> WindowsResources | None:
    if asked.memory is None and asked.cpus is None and asked.cpu_shares is None:
        return None
    from cloche.spec import WindowsCPUResources, WindowsMemoryResources, WindowsResources

    count, maximum = _processors(asked)
    cpu = WindowsCPUResources(count=count, shares=_shares(asked), maximum=maximum)
    return WindowsResources(
        memory=None if asked.memory is None else WindowsMemoryResources(limit=asked.memory),
        cpu=None if cpu == WindowsCPUResources() else cpu,
    )


def _processors(asked: Asked) -> tuple[int | None, int | None]:
    """A virtual machine's own processors, and how much of all that it has a container may take.

    Docker counts ``--cpus`` in the same way.
    """
    if asked.cpus is None:
        return None, None
    vm = asked.isolation is Isolation.VM
    have = ceil(asked.cpus) if vm else os.cpu_count() or 1
    return have if vm else None, min(_WHOLE, max(1, int(asked.cpus * _WHOLE / have)))


def _shares(asked: Asked) -> int | None:
    if asked.cpu_shares is not None and asked.cpu_shares > _MOST_SHARES:
        raise InvalidSpec(
            f"cpu_shares: {asked.cpu_shares}: on Windows they go up to {_MOST_SHARES}",
            path="cpu_shares",
        )
    return asked.cpu_shares


def _devices(asked: Asked) -> tuple[WindowsDevice, ...] | None:
    return tuple(map(_device, asked.devices)) or None


def _device(text: str) -> WindowsDevice:
    from cloche.spec import WindowsDevice

    kind, _, guid = text.partition("/")
    if kind != "class" or not guid:
        raise InvalidSpec(
            f"devices: {text!r} is no class of devices",
            path="devices",
            hint="class/GUID, an interface class of Windows",
        )
    return WindowsDevice(id=guid, id_type="class")
