"""Ways to plans: together they have every step that the helper knows."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloche
from cloche_linux.steps import Step

V1 = Path("/sys/fs/cgroup/memory").is_dir()


@dataclass(frozen=True)
class Scene:
    """Something done with an engine that carries out one plan."""

    #: The steps of its plan.
    steps: frozenset[Step]
    #: A step that no other plan on the way has.
    sign: Step
    play: Callable[[cloche.Engine, str], Any]


_PROCESS = {
    Step.DESCRIPTORS,
    Step.UMASK,
    Step.WORKING_DIRECTORY,
    Step.BOUNDING,
    Step.IDENTITY,
    Step.NO_NEW_PRIVILEGES,
    Step.CAPABILITIES,
    Step.SECCOMP,
    Step.EXECUTE,
}
_FILESYSTEMS = {Step.MOUNT, Step.DEVICE, Step.SYMLINK, Step.BIND, Step.READ_ONLY, Step.MASK}
_CONTAINER = {Step.UNSHARE, Step.PROPAGATION, Step.PIVOT, Step.LOOPBACK, Step.READY}
_CONTAINER |= {Step.ROOT_OVERLAY, Step.HOSTNAME, Step.SESSION_KEYRING, *_FILESYSTEMS}
_ATTACH = {Step.ATTACH_CGROUP} if V1 else set()


def _everything(engine: cloche.Engine, busybox: str) -> object:
    """A container with all that can be asked for by parameters."""
    return engine.run(
        ["true"],
        rootfs=busybox,
        user="ann",
        workdir="/work",
        hostname="named",
        umask=0o077,
        read_only=True,
        memory="64M",
        storage_size="8M",
        oom_score_adj=100,
        files={"/etc/made": "content"},
        sysctls={"net.ipv4.ip_forward": "1"},
        ulimits={"nofile": (100, 100)},
        mounts=[cloche.Mount.bind("/usr/share/doc", "/doc", read_only=True)],
    )


class _Joining:
    """A plug-in that has a container join the network namespace of this process.

    It shows a directory, too, of which some attributes are the topmost mount's alone, and once more
    with other owners.
    """

    @cloche.hookimpl
    def cloche_prepare_spec(self, request: Any) -> Callable[[Any], Any]:
        return self._change

    @staticmethod
    def _change(spec: Any) -> Any:
        from cloche.spec import LinuxIDMapping, Mount

        spaces = [
            space.replace(path=f"/proc/{os.getpid()}/ns/net") if space.type == "network" else space
            for space in spec.linux.namespaces
        ]
        options = ("rbind", "ro", "rnoexec")
        shown = Mount(destination="/doc", type="bind", source="/usr/share/doc", options=options)
        ids = (LinuxIDMapping(container_id=0, host_id=1_000_000, size=65_536),)
        other = shown.replace(
            destination="/others", options=("bind", "idmap"), uid_mappings=ids, gid_mappings=ids
        )
        return spec.replace(
            domainname="domain",
            mounts=(*spec.mounts, shown, other),
            linux=spec.linux.replace(namespaces=tuple(spaces)),
        )


class _Mapping:
    """A plug-in that gives a container a user namespace, with maps that its parent writes."""

    @cloche.hookimpl
    def cloche_prepare_spec(self, request: Any) -> Callable[[Any], Any]:
        return self._change

    @staticmethod
    def _change(spec: Any) -> Any:
        from cloche.spec import LinuxIDMapping, LinuxNamespace

        maps = (LinuxIDMapping(container_id=0, host_id=1_000_000, size=65_536),)
        spaces = (*spec.linux.namespaces, LinuxNamespace(type="user"))
        linux = spec.linux.replace(namespaces=spaces, uid_mappings=maps, gid_mappings=maps)
        return spec.replace(linux=linux)


class _Specifying:
    """A plug-in that asks for what only a specification can say: hooks, clocks, scheduling."""

    @cloche.hookimpl
    def cloche_prepare_spec(self, request: Any) -> Callable[[Any], Any]:
        return self._change

    @staticmethod
    def _change(spec: Any) -> Any:
        from cloche import documents
        from cloche.spec import Spec

        asked: Any = documents.to_json(spec)
        asked["linux"]["namespaces"].append({"type": "time"})
        asked["linux"]["timeOffsets"] = {"boottime": {"secs": 5}}
        asked["linux"]["personality"] = {"domain": "LINUX"}
        asked["linux"]["memoryPolicy"] = {"mode": "MPOL_LOCAL"}
        asked["process"]["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 4}
        asked["process"]["scheduler"] = {"policy": "SCHED_OTHER", "nice": 1}
        true = [{"path": "/bin/true"}]
        asked["hooks"] = {"createRuntime": true, "createContainer": true}
        return documents.read(Spec, asked)


def _with(plugin: object, engine: cloche.Engine, busybox: str, **options: Any) -> object:
    root = Path(engine._places.run).parent  # pyright: ignore[reportPrivateUsage]
    with cloche.Engine(runtime="linux", root=root, plugins=[plugin]) as other:
        return other.run(["true"], rootfs=busybox, **options)


def _terminal(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(["true"], rootfs=busybox, tty=(80, 24)) as container:
        container.wait(5)


def _idle(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(rootfs=busybox, idle=True):
        return


def _exec(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(rootfs=busybox, idle=True, memory="64M") as box:
        box.run(["true"])


def _exec_terminal(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(rootfs=busybox, idle=True) as box, box.exec(["true"], tty=(80, 24)) as one:
        one.wait(5)


def _read(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(rootfs=busybox, idle=True) as box:
        box.read_text("/etc/passwd")


def _detached(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(["true"], rootfs=busybox, lifetime="detached", keep=False) as box:
        box.wait(5)


SCENES = {
    "everything": Scene(
        frozenset(
            {
                *_CONTAINER,
                *_PROCESS,
                *_ATTACH,
                Step.OOM_SCORE,
                Step.SCRATCH,
                Step.DIRECTORY,
                Step.FILE,
                Step.SYSCTL,
                Step.ROOT_ATTRIBUTES,
                Step.INIT,
                Step.RLIMIT,
            }
        ),
        Step.PROPAGATION,
        _everything,
    ),
    "this machine's root": Scene(
        frozenset({*_CONTAINER, *_PROCESS, Step.OVERLAY, Step.INIT}),
        Step.PROPAGATION,
        lambda engine, _: engine.run(["true"]),
    ),
    "without init": Scene(
        frozenset({*_CONTAINER, *_PROCESS, Step.PARENT_DEATH}),
        Step.PROPAGATION,
        lambda engine, busybox: engine.run(["true"], rootfs=busybox, init=False),
    ),
    "what outlives its maker": Scene(
        frozenset({*_CONTAINER, *_PROCESS, Step.KEEP, Step.AFFINITY, Step.INIT, Step.AWAIT_START}),
        Step.PROPAGATION,
        _detached,
    ),
    "a terminal": Scene(
        frozenset(
            {*_CONTAINER, *_PROCESS, Step.INIT, Step.TERMINAL, Step.CONSOLE}
            | {Step.CONTROLLING_TERMINAL}
        ),
        Step.PROPAGATION,
        _terminal,
    ),
    "idle": Scene(frozenset({*_CONTAINER, Step.IDLE}), Step.PROPAGATION, _idle),
    "a network that is there": Scene(
        frozenset(
            {*(_CONTAINER - {Step.LOOPBACK}), *_PROCESS, Step.INIT, Step.JOIN, Step.DOMAINNAME}
            | {Step.REMOUNT, Step.CLONE_TREE}
        ),
        Step.PROPAGATION,
        lambda engine, busybox: _with(_Joining(), engine, busybox),
    ),
    "a user namespace": Scene(
        frozenset(
            {*(_CONTAINER - {Step.DEVICE}), *_PROCESS, Step.INIT, Step.SCRATCH}
            | {Step.MAP_BY_PARENT, Step.REEXECUTE, Step.FORK}
        ),
        Step.PROPAGATION,
        lambda engine, busybox: _with(_Mapping(), engine, busybox, storage_size="8M"),
    ),
    "what only a specification says": Scene(
        frozenset(
            {*_CONTAINER, *_PROCESS, Step.INIT, Step.FORK, Step.TIME_OFFSETS, Step.HOOKS_BY_PARENT}
            | {Step.HOOK, Step.IO_PRIORITY, Step.SCHEDULER, Step.PERSONALITY, Step.MEMORY_POLICY}
        ),
        Step.PROPAGATION,
        lambda engine, busybox: _with(_Specifying(), engine, busybox),
    ),
    "exec": Scene(
        frozenset({*_PROCESS, *_ATTACH, Step.JOIN_PROCESS, Step.FORK, Step.SESSION_KEYRING})
        | {Step.READY, Step.PARENT_DEATH},
        Step.PARENT_DEATH,
        _exec,
    ),
    "exec with a terminal": Scene(
        frozenset({*_PROCESS, Step.JOIN_PROCESS, Step.FORK, Step.SESSION_KEYRING})
        | {Step.READY, Step.PARENT_DEATH, Step.TERMINAL, Step.CONTROLLING_TERMINAL},
        Step.PARENT_DEATH,
        _exec_terminal,
    ),
    "files": Scene(frozenset({Step.JOIN_PROCESS, Step.SEND_ROOT}), Step.SEND_ROOT, _read),
}
