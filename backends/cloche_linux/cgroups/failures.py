"""The kernel's refusals in the words of the error tree."""

from __future__ import annotations

import errno

from cloche.errors import AlreadyExists, BackendError, ClocheError, InvalidState, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche_linux.cgroups.planning import GroupPlan
    from cloche_linux.cgroups.settings import Setting

__all__ = ["ABSENT", "of_making", "of_setting"]

#: The file is not there, or what it stands for can't be had.
ABSENT = frozenset({errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV})

_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def of_making(error: OSError, path: str) -> ClocheError:
    """Say why a group could not be made."""
    if error.errno == errno.EEXIST:
        return AlreadyExists(f"the control group {path} exists already", operation="create")
    if error.errno in _DENIED:
        return Unavailable(f"{path}: {error.strerror}", remedy="run as root", operation="create")
    return _other(error, "make a control group", path)


def of_setting(error: OSError, setting: Setting, path: str, plan: GroupPlan) -> ClocheError:
    """Say why a limit of a plan could not be set."""
    name = f"linux.resources.{setting.field}" if plan.documented else setting.limit
    if error.errno in ABSENT or error.errno in _DENIED:
        reason = f"the kernel does not let {setting.file} be set ({error.strerror})"
        remedy = f"--allow-unenforced {setting.limit}" if plan.droppable else None
        return Unavailable(f"{name}: {reason}", reason=reason, remedy=remedy)
    if error.errno == errno.EBUSY:
        return InvalidState(f"{name}: more than {setting.value} is in use")
    message = f"{name}: the kernel refuses {setting.value!r} ({error.strerror})"
    return BackendError(message, step=f"write {setting.file}", errno=error.errno, path=path)


def _other(error: OSError, step: str, path: str) -> ClocheError:
    message = f"could not {step}: {path}: {error.strerror}"
    return BackendError(message, step=step, errno=error.errno, path=path)
