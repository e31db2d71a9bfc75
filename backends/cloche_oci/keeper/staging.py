"""What a runtime sees when it runs: its user namespace, its mounts, the container's root."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TypedDict

from cloche_oci.keeper.kernel import (
    BIND,
    NEW_MOUNTS,
    NEW_USER,
    NODEV,
    NOSUID,
    RECURSIVE,
    SLAVE,
    mount,
    set_namespace,
    unmount,
    unshare,
)

__all__ = ["Maps", "Overlay", "Stage", "Within", "set_up"]

_UNIFIED = "/sys/fs/cgroup/unified"
_MAPPER_LIMIT = 5
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Maps(TypedDict):
    """Ids inside, outside, and how many; without programs only one of each, mapped by itself."""

    uids: list[list[int]]
    gids: list[list[int]]
    programs: list[str] | None


class Within(TypedDict):
    """An overlay at a place of the root; its options are few enough for one page."""

    target: str
    options: str


class Overlay(TypedDict):
    """The root: directories, topmost first, and where changes go."""

    target: str
    #: An empty directory for symbolic links: options of a mount are one page and have separators.
    links: str
    layers: list[str]
    upper: str
    work: str
    options: str
    #: Where a tmpfs of this many bytes is mounted first (0: the kernel's default); None for none.
    scratch: str | None
    size: int
    #: Directories to make before.
    make: list[str]
    within: list[Within]


class Stage(TypedDict):
    """All of it; None for what is as it is outside."""

    maps: Maps | None
    #: A process whose user namespace is joined, if it lives; else ``maps`` make a new one.
    join: int | None
    #: Hide the cgroup2 hierarchy beside cgroup1's.
    hide_unified: bool
    #: An empty file, to hide things where nothing may be unmounted.
    empty: str
    root: Overlay | None


def set_up(stage: Stage) -> None:
    """Set all of it up, in this process; raises OSError."""
    if not (stage["join"] and _joined(stage["join"])) and stage["maps"]:
        _enter_user_namespace(stage["maps"])
    if stage["hide_unified"]:
        _hide_unified(stage)
    if stage["root"]:
        _go_apart()
        _mount_root(stage["root"])


def _go_apart() -> None:
    unshare(NEW_MOUNTS)
    mount("", "/", "", RECURSIVE | SLAVE)  # what goes on the host goes here; not back


def _joined(pid: int) -> bool:
    try:
        descriptor = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        set_namespace(descriptor, NEW_USER)
    finally:
        os.close(descriptor)
    _become_root()
    return True


def _enter_user_namespace(maps: Maps) -> None:
    """Make one; who maps more than one id of each must stand outside, and wait for it."""
    if maps["programs"] is None:
        unshare(NEW_USER)
        _write("/proc/self/setgroups", "deny")
        for name, rows in (("uid_map", maps["uids"]), ("gid_map", maps["gids"])):
            _write(f"/proc/self/{name}", " ".join(map(str, rows[0])))
        return
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(_map(os.getppid(), maps))
    os.close(reading)
    unshare(NEW_USER)
    os.close(writing)
    if os.waitpid(child, 0)[1]:
        raise OSError(1, "newuidmap and newgidmap refused the ids of /etc/subuid and /etc/subgid")
    _become_root()


def _map(pid: int, maps: Maps) -> int:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert maps["programs"] is not None
    for program, rows in zip(maps["programs"], (maps["uids"], maps["gids"]), strict=True):
        argv = [program, str(pid), *(str(number) for row in rows for number in row)]
        signal.alarm(_MAPPER_LIMIT)
        mapper = os.posix_spawn(program, argv, os.environ)
        if os.waitpid(mapper, 0)[1]:
            return 1
    return 0


def _become_root() -> None:
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _hide_unified(stage: Stage) -> None:
    """Take cgroup2 away from a machine that has both; without root its list of controllers."""
    _go_apart()
    try:
        unmount(_UNIFIED)
    except OSError:
        mount(stage["empty"], f"{_UNIFIED}/cgroup.controllers", "", BIND)


def _mount_root(root: Overlay) -> None:
    if root["scratch"]:
        size = f",size={root['size']}" if root["size"] else ""
        mount("tmpfs", root["scratch"], "tmpfs", NOSUID | NODEV, f"mode=0700{size}")
    for directory in root["make"]:
        os.mkdir(directory, 0o755)
    os.chdir(root["links"])
    names = [*(str(number) for number, _ in enumerate(root["layers"])), "upper", "work"]
    for name, place in zip(names, [*root["layers"], root["upper"], root["work"]], strict=True):
        os.symlink(place, name)
    lower = ":".join(names[:-2])
    options = f"lowerdir={lower},upperdir=upper,workdir=work{root['options']}"
    mount("overlay", root["target"], "overlay", NODEV, options)
    for each in root["within"]:
        _mount_within(root["target"], each)
    os.chdir("/")


def _mount_within(root: str, wanted: Within) -> None:
    """Mount at a place of the root, which is made: layers may have a link there, to anywhere."""
    place = os.open(root, _DIRECTORY)
    for name in wanted["target"].strip("/").split("/"):
        with suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=place)
        inner = os.open(name, _DIRECTORY, dir_fd=place)
        os.close(place)
        place = inner
    mount("overlay", f"/proc/self/fd/{place}", "overlay", NODEV, wanted["options"])
    os.close(place)
