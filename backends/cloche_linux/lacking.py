"""What a specification may ask for and this kernel or this runtime lacks: refused by its path.

What would confine nothing anyway is left out, with a warning.
"""

from __future__ import annotations

import warnings

from cloche.errors import Unavailable
from cloche_linux.annotations import check_annotations
from cloche_linux.blueprint.labels import has_apparmor, has_selinux
from cloche_linux.blueprint.memory import check_memory_policy
from cloche_linux.kernel import Namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.spec import LinuxSeccomp, Process, Spec
    from cloche_linux.blueprint.namespaces import Namespaces

__all__ = ["LabelWarning", "LooseWarning", "check_labels", "check_lacking", "warn_of_loose"]


class LabelWarning(UserWarning):
    """A label of files is left out: no security module here knows labels."""


class LooseWarning(UserWarning):
    """Which processes are a container's, nothing will tell."""


def warn_of_loose(namespaces: Namespaces) -> None:
    """Tell of a container without a group that has no pid namespace to itself, either."""
    if not namespaces.has_own(Namespace.PID):
        text = (
            "without a control group and a pid namespace of its own, what the container leaves "
            "running is found by nobody. Such configuration is strongly discouraged"
        )
        warnings.warn(text, LooseWarning, stacklevel=2)


def check_lacking(spec: Spec) -> None:
    """Raise Unavailable for what can't be had, before anything is made."""
    check_annotations(spec)
    if spec.linux is not None:
        if spec.linux.mount_label and not has_selinux():
            text = "linux.mountLabel is left out: this kernel has no SELinux"
            warnings.warn(text, LabelWarning, stacklevel=2)
        if spec.linux.net_devices:
            from cloche_linux.network.devices import check_devices

            check_devices(spec.linux.net_devices)
        if spec.linux.memory_policy is not None:
            check_memory_policy(spec.linux.memory_policy)
        if spec.linux.seccomp is not None:
            _check_filter(spec.linux.seccomp)
    if spec.process is not None:
        check_labels(spec.process)


def _check_filter(seccomp: LinuxSeccomp) -> None:
    from cloche.defaults import DEFAULT_PROFILE

    if seccomp is not DEFAULT_PROFILE:
        from cloche_linux.seccomp.checks import check_policy

        check_policy(seccomp)


def check_labels(process: Process) -> None:
    """Raise Unavailable for a process that security modules are to hold: none would."""
    for path, why in _of_process(process):
        raise Unavailable(f"{path}: {why}", backend="linux")


def _of_process(process: Process) -> Iterator[tuple[str, str]]:
    profile = process.apparmor_profile
    if profile and profile != "unconfined" and not has_apparmor():
        yield "process.apparmorProfile", "this kernel has no AppArmor"
    if process.selinux_label and not has_selinux():
        yield "process.selinuxLabel", "this kernel has no SELinux"
