"""One request, from the kind of its specification to the last string."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec, NotSupported
from cloche.ids import check_id
from cloche.runtime import Isolation
from cloche_hcs.document.utility_vm import utility_vm
from cloche_hcs.versions import check_image

from .mounts import check_mount
from .strings import check_no_nul
from .windows import check_folders, check_windows

if TYPE_CHECKING:
    from cloche.creation import CreateRequest
    from cloche.spec import Process, Spec, Windows
    from cloche_hcs.versions import WindowsVersion

__all__ = ["check_process", "check_request", "folders_of"]

#: The image's Windows, as OCI's conversion from image to runtime configuration passes it on.
_OS_VERSION = "org.opencontainers.image.os.version"
#: What Windows has nothing like; to leave it out silently would be to run with more rights.
_UNIX_ONLY = (
    "capabilities",
    "rlimits",
    "apparmor_profile",
    "selinux_label",
    "oom_score_adj",
    "scheduler",
    "io_priority",
    "exec_cpu_affinity",
)


def check_request(request: CreateRequest, host: WindowsVersion | None) -> None:
    """Raise InvalidSpec, NotSupported or Unavailable for the first thing that can't be had.

    ``host`` None: nobody knows which Windows this is, and nothing is refused for its sake.
    """
    spec = request.spec
    check_id(request.id, windows=True)
    windows = _windows(spec)
    check_no_nul(spec)
    _check_command(request)
    _check_extras(request)
    _check_root(spec)
    folders = folders_of(request)
    if folders is not windows.layer_folders:
        check_no_nul(folders, "windows.layerFolders")
    check_folders(folders)
    check_windows(windows, host)
    for position, mount in enumerate(spec.mounts or ()):
        check_mount(f"mounts[{position}]", mount, host)
    _check_isolation(request, windows.replace(layer_folders=folders), host)


def check_process(process: Process, path: str = "process") -> None:
    """Raise InvalidSpec for a process that Windows can't run as it is asked for."""
    check_no_nul(process, path)
    _check_possible(process, path)


def _check_possible(process: Process, path: str = "process") -> None:
    for name in _UNIX_ONLY:
        if getattr(process, name):
            where = f"{path}.{process.json_name(name)}"
            raise InvalidSpec(f"{where}: Windows has nothing like it", path=where)
    if not process.args and process.command_line is None:
        raise InvalidSpec("no command", path=f"{path}.args")


def folders_of(request: CreateRequest) -> tuple[str, ...]:
    """The folders of a container's layers, topmost first: the specification's, else the image's."""
    windows = request.spec.windows
    named = windows.layer_folders if windows is not None else ()
    return named or tuple(str(layer.path) for layer in request.layers if layer.path is not None)


def _windows(spec: Spec) -> Windows:
    if spec.linux is not None:
        raise InvalidSpec(
            "linux: a specification for Linux",
            path="linux",
            hint="this runtime runs Windows: a root is the folder of a layer, with Files and Hives",
        )
    if spec.windows is None:
        raise InvalidSpec("windows: a specification without a windows section", path="windows")
    return spec.windows


def _check_command(request: CreateRequest) -> None:
    process = request.spec.process
    if process is None:
        if request.idle:
            return
        raise InvalidSpec("process: there is none", path="process")
    _check_possible(process.replace(command_line="") if request.idle else process)


def _check_extras(request: CreateRequest) -> None:
    """What the request has beside the specification."""
    extras = {
        "preserve_fds": request.preserve_fds,
        "files": request.files,
        "group_add": request.groups,
        "hooks": request.spec.hooks,
    }
    for name, value in extras.items():
        if value and name not in request.unenforced:
            raise NotSupported(f"{name}: not for Windows containers", backend="hcs")


def _check_root(spec: Spec) -> None:
    if spec.root is not None and spec.root.readonly:
        raise NotSupported(
            "root.readonly: the root of a Windows container can't be read-only", backend="hcs"
        )


def _check_isolation(request: CreateRequest, windows: Windows, host: WindowsVersion | None) -> None:
    if request.isolation is Isolation.VM:
        utility_vm(windows)
        return
    if windows.hyperv is not None:
        raise InvalidSpec(
            "windows.hyperv: asks for a virtual machine, and process isolation was asked for",
            path="windows.hyperv",
        )
    version = (request.spec.annotations or {}).get(_OS_VERSION)
    if version is not None and host is not None:
        check_image(version, host)
