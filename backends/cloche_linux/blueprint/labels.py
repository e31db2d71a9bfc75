"""Labels of security modules: of the process, of the keys it makes and of files mounted anew.

Sources: ``Documentation/admin-guide/LSM`` of Linux and ``proc_pid_attr(5)``.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spec import Mount, Process, Spec
    from cloche_linux.blueprint.extras import Extras
    from cloche_linux.plan import Plan

__all__ = ["add_labels", "has_apparmor", "has_selinux", "label_of_files", "labelled"]

_APPARMOR = "/sys/module/apparmor/parameters/enabled"
_SELINUX = "/sys/fs/selinux"
_UNLABELLED = frozenset({"proc", "sysfs", "mqueue", "cgroup", "cgroup2", "bind"})
"""File systems that the policy labels itself, and mqueue, whose super block is there already."""


def has_apparmor() -> bool:
    """Tell whether this kernel has it, and it was not turned off at boot."""
    try:
        with open(_APPARMOR, encoding="utf-8") as file:
            return file.read(1) == "Y"
    except FileNotFoundError:
        return False


def has_selinux() -> bool:
    """Tell whether this kernel has it, and a policy: before there is one any label will do."""
    if not os.path.isdir(_SELINUX):
        return False
    with open("/proc/thread-self/attr/current", "rb") as file:
        return b":" in file.read()


def add_labels(plan: Plan, extras: Extras, process: Process) -> None:
    """Have the program run under its profile and label; that there are such is checked before.

    Not later than the session keyring is made, which is labelled, too.
    """
    profile, label = process.apparmor_profile, process.selinux_label
    if profile and (profile != "unconfined" or has_apparmor()):
        # The file is AppArmor's alone since Linux 5.8.
        own = os.path.exists("/proc/thread-self/attr/apparmor/exec")
        _add(plan, extras, "process.apparmorProfile", "apparmor/exec" if own else "exec", profile)
    if label:
        _add(plan, extras, "process.selinuxLabel", "keycreate", label)
        _add(plan, extras, "process.selinuxLabel", "exec", label)


def _add(plan: Plan, extras: Extras, origin: str, file: str, label: str) -> None:
    plan.origin = origin
    procfs = extras.open("/proc", os.O_PATH | os.O_DIRECTORY)
    text = f"exec {label}" if origin == "process.apparmorProfile" else label
    plan.label(procfs, f"thread-self/attr/{file}", text)
    plan.origin = ""


def label_of_files(spec: Spec) -> str | None:
    """Return the label of what is mounted anew, None where the kernel knows no labels."""
    label = spec.linux.mount_label if spec.linux is not None else None
    return label if label and has_selinux() else None


def labelled(mounts: Sequence[Mount], label: str) -> tuple[Mount, ...]:
    """Give what is mounted anew this label of files, as an option of its file system."""
    return tuple(_labelled(mount, label) if _takes(mount) else mount for mount in mounts)


def _takes(mount: Mount) -> bool:
    options = mount.options or ()
    if mount.type in _UNLABELLED or not {"bind", "rbind", "remount"}.isdisjoint(options):
        return False
    return not any("context=" in option for option in options)


def _labelled(mount: Mount, label: str) -> Mount:
    return mount.replace(options=(*(mount.options or ()), f"context={label}"))
