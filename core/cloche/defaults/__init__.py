"""What a container is when nobody asked for anything else."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .linux import linux_process, linux_spec
    from .profile import DEFAULT_PROFILE, seccomp_profile
    from .windows import windows_process, windows_spec

__all__ = [
    "DEFAULT_PROFILE",
    "linux_process",
    "linux_spec",
    "seccomp_profile",
    "windows_process",
    "windows_spec",
]

_LAZY = {
    "DEFAULT_PROFILE": "profile",
    "linux_process": "linux",
    "linux_spec": "linux",
    "seccomp_profile": "profile",
    "windows_process": "windows",
    "windows_spec": "windows",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = found
    return found
