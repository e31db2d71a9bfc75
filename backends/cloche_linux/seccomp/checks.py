"""What a policy asks of the kernel and of a listener, looked at before anything is made."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec, Unavailable
from cloche_linux._native import lib

from . import FLAGS, NOTIFY, asks

if TYPE_CHECKING:
    from cloche.spec import LinuxSeccomp

__all__ = ["check_policy", "knows_flag", "knows_notification"]

_NEW_LISTENER = 1 << 3
_LISTENER_PATH = "linux.seccomp.listenerPath"
#: Since which Linux there are the younger ones.
_SINCE = {"LOG": "4.14", "SPEC_ALLOW": "4.17", "WAIT_KILLABLE_RECV": "5.19"}


def check_policy(seccomp: LinuxSeccomp) -> None:
    """Raise InvalidSpec, or Unavailable for what this kernel lacks and for a listener not there.

    Whether somebody listens is known only when it is told of a process.
    """
    for position, name in enumerate(seccomp.flags or ()):
        if name in FLAGS and not knows_flag(FLAGS[name]):
            since = _SINCE.get(name.removeprefix("SECCOMP_FILTER_FLAG_"), "3.17")
            _lacks(f"linux.seccomp.flags[{position}]", f"{name} (Linux {since})")
    if asks(seccomp):
        if not knows_notification():
            _lacks("linux.seccomp", f"{NOTIFY} (Linux 5.0)")
        _check_rules(seccomp)
        _check_listener(seccomp.listener_path)


def knows_flag(flag: int) -> bool:
    """Whether this kernel loads filters with a flag; asks it with a filter that it can't read."""
    needs_listener = flag == FLAGS["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]
    return bool(lib.cloche_seccomp_has_flags(flag | (_NEW_LISTENER if needs_listener else 0)))


def knows_notification() -> bool:
    """Whether filters of this kernel can have a listener."""
    return knows_flag(_NEW_LISTENER)


def _lacks(path: str, what: str) -> None:
    raise Unavailable(f"{path}: this kernel has no {what}", backend="linux")


def _check_rules(seccomp: LinuxSeccomp) -> None:
    """Refuse what runc refuses, too: who answers for ``write`` is in the way of every output."""
    for position, rule in enumerate(seccomp.syscalls or ()):
        if rule.action == NOTIFY and "write" in rule.names:
            path = f"linux.seccomp.syscalls[{position}].names"
            raise InvalidSpec(f"{path}: {NOTIFY} cannot be used for the write syscall", path=path)


def _check_listener(path: str | None) -> None:
    if not path or not path.startswith("/"):
        what = f"{path} is not absolute" if path else f"{NOTIFY} needs one"
        raise InvalidSpec(f"{_LISTENER_PATH}: {what}", path=_LISTENER_PATH)
    try:
        is_socket = stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError as error:
        _no_listener(path, os.strerror(error.errno or 0))
    else:
        if not is_socket:
            _no_listener(path, "it is no socket")


def _no_listener(path: str, why: str) -> None:
    raise Unavailable(
        f"{_LISTENER_PATH}: failed to connect with seccomp agent at {path}: {why}",
        remedy="start the program that is to listen there",
        backend="linux",
    )
