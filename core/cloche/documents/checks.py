"""Whether a specification makes sense, before anything is made from it.

What the runtime-spec calls an error is one here, and so is what no runtime can do. What depends on
the machine (a device, a controller, a file that must exist) is left to the backend.
"""

from __future__ import annotations

from . import linux_checks
from .faults import absolute, fault, positive, text, unique
from .id_maps import check_mappings
from .scheduling_checks import check_scheduling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import Hooks, Mount, Process, Spec, Windows

__all__ = ["check", "check_process"]

_RANGE_OF_OOM = range(-1000, 1001)


def check(spec: Spec) -> None:
    """Raise InvalidSpec, with the JSON path of the first fault, unless ``spec`` makes sense."""
    _version(spec.oci_version)
    windows = spec.windows is not None
    if spec.process is not None:
        check_process(spec.process, windows=windows)
    if spec.root is not None and not (spec.windows is not None and spec.windows.hyperv):
        text("root.path", spec.root.path)
    for position, mount in enumerate(spec.mounts or ()):
        _mount(f"mounts[{position}]", mount, windows)
    for key in spec.annotations or ():
        text("annotations", key)
    if spec.hooks is not None:
        _hooks(spec.hooks)
    if spec.linux is not None:
        linux_checks.check_linux(spec.linux, spec)
    if spec.windows is not None:
        _windows(spec.windows)


def check_process(process: Process, *, path: str = "process", windows: bool = False) -> None:
    """The same for a process alone, as an exec brings it; ``path`` is what it is called."""
    _command(process, path, windows)
    if not windows:
        absolute(f"{path}.cwd", process.cwd)
    elif process.cwd:  # the service has a default
        text(f"{path}.cwd", process.cwd)
    for position, variable in enumerate(process.env or ()):
        _variable(f"{path}.env[{position}]", variable, windows)
    limits = process.rlimits or ()
    unique(f"{path}.rlimits", "type", [limit.type for limit in limits])
    for position, limit in enumerate(limits):
        if limit.soft > limit.hard:
            raise fault(f"{path}.rlimits[{position}].soft", "is higher than the hard limit")
    if process.oom_score_adj is not None and process.oom_score_adj not in _RANGE_OF_OOM:
        raise fault(f"{path}.oomScoreAdj", "goes from -1000 to 1000")
    check_scheduling(process, path)


def _variable(path: str, variable: str, windows: bool) -> None:
    """Windows hides variables of its own behind names that begin with ``=``, and drops the rest."""
    if not windows or "\0" in variable:
        text(path, variable)
        if "=" not in variable[1:]:
            raise fault(path, "a variable is written NAME=value")


def _version(version: str) -> None:
    if not _is_semantic(version):
        raise fault("ociVersion", f"{version!r} is not a version such as 1.2.0")
    if version.split(".")[0] != "1":
        raise fault("ociVersion", f"is {version!r}; this is a runtime-spec 1.x implementation")


def _is_semantic(version: str) -> bool:
    """Whether it has the form of Semantic Versioning 2.0.0 (https://semver.org)."""
    whole, plus, build = version.partition("+")
    release, dash, early = whole.partition("-")
    numbers = release.split(".")
    words = [*(early.split(".") if dash else ()), *(build.split(".") if plus else ())]
    return (
        version.isascii()
        and len(numbers) == 3
        and all(each.isdigit() and (each == "0" or each[0] != "0") for each in numbers)
        and all(each.replace("-", "0").isalnum() for each in words)
    )


def _command(process: Process, path: str, windows: bool) -> None:
    if not process.args and not (windows and process.command_line is not None):
        raise fault(f"{path}.args", "there is no command")
    if process.command_line:
        text(f"{path}.commandLine", process.command_line)
    for position, argument in enumerate(process.args or ()):
        if position == 0 or "\0" in argument:
            text(f"{path}.args[{position}]", argument)


def _mount(path: str, mount: Mount, windows: bool) -> None:
    if mount.destination or not windows:  # where the service says what it thinks of an empty one
        text(f"{path}.destination", mount.destination)
    check_mappings(path, mount.uid_mappings, mount.gid_mappings)
    if (mount.uid_mappings is None) != (mount.gid_mappings is None):
        raise fault(f"{path}.uidMappings", "and gidMappings are given together or not at all")


def _hooks(hooks: Hooks) -> None:
    for name in hooks.__template__:
        for position, hook in enumerate(getattr(hooks, name) or ()):
            path = f"hooks.{hooks.json_name(name)}[{position}]"
            absolute(f"{path}.path", hook.path)
            if hook.timeout is not None:
                positive(f"{path}.timeout", hook.timeout)


def _windows(windows: Windows) -> None:
    if not windows.layer_folders:
        raise fault("windows.layerFolders", "a Windows container has at least one layer")
    resources = windows.resources
    cpu = resources.cpu if resources is not None else None
    if cpu is not None and cpu.maximum is not None and not 1 <= cpu.maximum <= 10000:
        raise fault("windows.resources.cpu.maximum", "goes from 1 to 10000")
