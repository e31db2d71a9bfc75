"""Annotations by which callers of crun ask for more than the runtime-spec has.

Those that callers in the field set, under the names they know. Source: crun(1), "EXTENSIONS".
"""

from __future__ import annotations

import os

from cloche.errors import InvalidSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.spec import LinuxSeccomp, Spec

__all__ = ["HOOKS_STDERR", "HOOKS_STDOUT", "check_annotations", "keeps_groups"]

#: Files to which what hooks say is appended, instead of being quoted where they fail.
HOOKS_STDOUT = "run.oci.hooks.stdout"
HOOKS_STDERR = "run.oci.hooks.stderr"
_KEEP_GROUPS = "run.oci.keep_original_groups"
_KNOWN_CALLS_ONLY = "run.oci.seccomp_fail_unknown_syscall"
_OFF = (None, "", "0")


def check_annotations(spec: Spec) -> None:
    """Raise InvalidSpec for what an annotation forbids."""
    seccomp = spec.linux and spec.linux.seccomp
    if seccomp and _is_on(spec.annotations, _KNOWN_CALLS_ONLY):
        _refuse_unknown_calls(seccomp)


def keeps_groups(annotations: Mapping[str, str] | None) -> bool:
    """Whether the first process keeps its maker's further groups.

    They are what a user without privileges has been given, and can't be set anew where ids are
    mapped.
    """
    return _is_on(annotations, _KEEP_GROUPS)


def _is_on(annotations: Mapping[str, str] | None, name: str) -> bool:
    return (annotations or {}).get(name) not in _OFF


def _refuse_unknown_calls(seccomp: LinuxSeccomp) -> None:
    """A name that this machine has no call for is usually passed over."""
    from cloche_linux.seccomp.tables import numbers

    known = numbers(os.uname().machine)
    for position, rule in enumerate(seccomp.syscalls or ()):
        for place, name in enumerate(rule.names):
            if name not in known:
                path = f"linux.seccomp.syscalls[{position}].names[{place}]"
                raise InvalidSpec(f"{path}: there is no system call {name} here", path=path)
