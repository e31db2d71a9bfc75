"""exec."""

from __future__ import annotations

import sys

assert sys.platform != "win32"


from cloche.capabilities import ALL
from cloche.errors import InvalidSpec
from cloche.oci import Entry
from cloche.spec import LinuxCapabilities, User
from cloche_cli.oci.creating import preserved
from cloche_cli.oci.places import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.oci import BundleContainer
    from cloche.spec import Process
    from cloche_cli.oci.flags import Typed

__all__ = ["execute"]


def execute(typed: Typed, below: Typed) -> int:
    """Run a further process; its exit code is ours, unless it is to go on alone."""
    if not below.words:
        raise InvalidSpec("a container's id is missing", path="id")
    container = home(typed).get(below.words[0])
    process = _process(container, below)
    detached, socket = below.switch("detach"), below.text("console-socket")
    if process.terminal and detached and socket is None:
        raise InvalidSpec("--tty: nobody takes the terminal: --console-socket is missing")
    entry = Entry(
        preserve_fds=preserved(below),
        subgroups=_subgroups(below.list("cgroup")),
        even_paused=below.switch("ignore-paused"),
        adopted=True,
        console_socket=socket,
        pidfd_socket=below.text("pidfd-socket"),
        pid_file=below.text("pid-file"),
    )
    started = container.exec(process, entry)
    if detached:
        return 0
    from cloche_cli.oci.waiting import wait_for

    return wait_for(started)


def _subgroups(words: Iterable[str]) -> dict[str, str]:
    """Sort ``[CONTROLLER[,CONTROLLER…]:]PATH`` by controller; "" stands for all others."""
    found = {}
    for word in words:
        controllers, separator, path = word.rpartition(":")
        if not path:
            raise InvalidSpec(f"--cgroup: there is no path in {word!r}", path="cgroup")
        for controller in controllers.split(",") if separator else ("",):
            found[controller] = path
    return found


def _process(container: BundleContainer, below: Typed) -> Process:
    """The process of a document, or the container's own with other words and what else is said."""
    file = below.text("process")
    if file is not None:
        from cloche.oci.bundle import read_process

        process = _known(_where_others_run(read_process(file), container))
        return process.replace(terminal=True) if below.switch("tty") else process
    if not below.words[1:]:
        raise InvalidSpec("there is no command", path="args")
    return _like_first(container.first_process(), below)


def _known(process: Process) -> Process:
    """Leave out what is no capability, with a warning, as from a container's first process."""
    sets = process.capabilities
    bounds = frozenset((sets and (*(sets.bounding or ()), *(sets.permitted or ()))) or ())
    if bounds.issubset(ALL):
        return process
    from cloche.oci.granting import grantable

    return grantable(process, user_namespace=True)


def _where_others_run(process: Process, container: BundleContainer) -> Process:
    """Give it the processors that the container's configuration has for all, if it names none."""
    if process.exec_cpu_affinity is not None:
        return process
    return process.replace(exec_cpu_affinity=container.first_process().exec_cpu_affinity)


def _like_first(first: Process, below: Typed) -> Process:
    user = below.text("user")
    groups = tuple(_id(word) for word in below.list("additional-gids"))
    return first.replace(
        args=tuple(below.words[1:]),
        terminal=below.switch("tty"),
        cwd=below.text("cwd") or first.cwd,
        env=(*(first.env or ()), *below.list("env")),
        user=(first.user if user is None else _user(user)).replace(
            additional_gids=groups or first.user.additional_gids
        ),
        capabilities=_capabilities(first.capabilities, tuple(below.list("cap"))),
        no_new_privileges=below.switch("no-new-privs") or first.no_new_privileges,
    )


def _user(text: str) -> User:
    uid, separator, gid = text.partition(":")
    return User(uid=_id(uid), gid=_id(gid) if separator else 0)


def _id(text: str) -> int:
    if not text.isdecimal() or not text.isascii():
        raise InvalidSpec(f"{text!r} is not the number of a user or group", path="user")
    return int(text)


def _capabilities(
    first: LinuxCapabilities | None, more: tuple[str, ...]
) -> LinuxCapabilities | None:
    if not more:
        return first
    sets = first or LinuxCapabilities()
    return sets.replace(
        bounding=(*(sets.bounding or ()), *more),
        effective=(*(sets.effective or ()), *more),
        permitted=(*(sets.permitted or ()), *more),
        # Only who has inheritable ones can have ambient ones.
        ambient=(*(sets.ambient or ()), *more) if sets.inheritable else sets.ambient,
    )
