"""The default Linux container, after docker's (moby, daemon/pkg/oci/defaults.go, August 2026).

It differs where docker relies on a device cgroup or on history: no CAP_MKNOD, no new privileges, a
cgroup namespace, and no view of the cgroup file system. The devices that the runtime-spec promises
(null, zero, full, random, urandom, tty) are every runtime's to supply and not listed.
"""

from __future__ import annotations

from functools import cache
from os import path
from typing import TYPE_CHECKING

from cloche.capabilities import DEFAULT_SETS
from cloche.documents import remember
from cloche.spec import VERSION, Linux, LinuxNamespace, Mount, Process, Spec, User

from .profile import DEFAULT_PROFILE

if TYPE_CHECKING:
    from cloche.spec import LinuxCapabilities, LinuxSeccomp, Root

__all__ = [
    "ENVIRONMENT",
    "MOUNTS",
    "NAMESPACES",
    "READONLY_PATHS",
    "linux_process",
    "linux_spec",
    "masked_paths",
]

ENVIRONMENT = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",)

NAMESPACES = tuple(
    LinuxNamespace(type=kind) for kind in ("pid", "network", "ipc", "uts", "mount", "cgroup")
)


def _file_system(destination: str, kind: str, *options: str, source: str | None = None) -> Mount:
    return Mount(destination=destination, type=kind, source=source or kind, options=options)


MOUNTS = (
    _file_system("/proc", "proc", "nosuid", "noexec", "nodev"),
    _file_system("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
    _file_system(
        "/dev/pts",
        "devpts",
        *("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
    ),
    _file_system(
        "/dev/shm",  # noqa: S108 - the container's own
        "tmpfs",
        *("nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
        source="shm",
    ),
    _file_system("/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev"),
    _file_system("/sys", "sysfs", "nosuid", "noexec", "nodev", "ro"),
)

_MASKED_PATHS = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)

READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

for constant in (ENVIRONMENT, NAMESPACES, MOUNTS, READONLY_PATHS, DEFAULT_SETS, DEFAULT_PROFILE):
    remember(constant)


@cache
def masked_paths() -> tuple[str, ...]:
    """Paths that tell one container about its neighbours, thermal sensors of this host included."""
    sensors: list[str] = []
    cpu = "/sys/devices/system/cpu/cpu{}".format
    while path.exists(sensor := f"{cpu(len(sensors))}/thermal_throttle"):
        sensors.append(sensor)
    return remember((*_MASKED_PATHS, *sensors))


def linux_process(
    args: tuple[str, ...],
    *,
    env: tuple[str, ...] = ENVIRONMENT,
    cwd: str = "/",
    user: User = User(),  # noqa: B008 - immutable
    terminal: bool | None = None,
    capabilities: LinuxCapabilities = DEFAULT_SETS,
) -> Process:
    """A process with the default rights: root's, less what docker takes away, and never more."""
    return Process(
        args=args,
        env=env,
        cwd=cwd,
        user=user,
        terminal=terminal,
        capabilities=capabilities,
        no_new_privileges=True,
    )


def linux_spec(
    process: Process,
    *,
    root: Root | None = None,
    hostname: str | None = None,
    mounts: tuple[Mount, ...] = MOUNTS,
    namespaces: tuple[LinuxNamespace, ...] = NAMESPACES,
    seccomp: LinuxSeccomp | None = DEFAULT_PROFILE,
) -> Spec:
    """A container around ``process`` that sees nothing of the host but its kernel.

    Whoever changes the capabilities passes the profile that goes with them: `seccomp_profile`.
    """
    usual = namespaces is NAMESPACES and seccomp is DEFAULT_PROFILE
    linux = _usual_section() if usual else _section(namespaces, seccomp)
    return Spec(
        oci_version=VERSION,
        process=process,
        root=root,
        hostname=hostname,
        mounts=mounts,
        linux=linux,
    )


@cache
def _usual_section() -> Linux:
    return remember(_section(NAMESPACES, DEFAULT_PROFILE))


def _section(namespaces: tuple[LinuxNamespace, ...], seccomp: LinuxSeccomp | None) -> Linux:
    return Linux(
        namespaces=namespaces,
        seccomp=seccomp,
        masked_paths=masked_paths(),
        readonly_paths=READONLY_PATHS,
    )
