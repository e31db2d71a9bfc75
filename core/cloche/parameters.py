"""The parameters people give: one vocabulary for module, Engine, Container and aio.

These are typed dictionaries for ``**options: Unpack[…]``: type checkers see every name, and this
page is their reference. Each may be left out or None, which means the same: not asked for.

Sizes are bytes, or a number with a binary suffix of any case (``"256M"``). Times are seconds, or a
number with a unit (``"5s"``, ``"1m"``, ``"250ms"``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Literal, TypeAlias, TypedDict

from cloche.mount import Mount
from cloche.stdio import Size, StreamTarget

__all__ = [
    "CreateOptions",
    "Duration",
    "ExecOptions",
    "ExecRunOptions",
    "ProcessOptions",
    "RunOptions",
    "SizeInBytes",
    "StartOptions",
    "Stream",
]

#: Bytes, or a number with a binary suffix: ``268435456``, ``"256M"``, ``"1.5g"``.
SizeInBytes: TypeAlias = int | str
#: Seconds, or a number with a unit: ``5``, ``0.25``, ``"5s"``, ``"1m"``, ``"250ms"``.
Duration: TypeAlias = float | str
#: PIPE, DEVNULL, STDOUT (stderr only), a descriptor, an open file, or a driver's own target.
Stream: TypeAlias = int | IO[str] | IO[bytes] | StreamTarget


class ProcessOptions(TypedDict, total=False):
    """What concerns one process, the container's first or one executed in it."""

    #: Variables beside the container's own. In a list, ``"NAME=value"`` sets and ``"NAME"`` takes
    #: over the caller's (nothing if there is none); in a mapping, None takes over.
    env: Mapping[str, str | None] | Sequence[str] | None
    #: ``user[:group]`` by name or number, looked up in the container's own files.
    user: str | int | None
    #: The directory the process starts in; made if it does not exist.
    workdir: str | None
    #: A terminal for the process: True for 80 by 24, or its size. Its two ends are ``stdin`` and
    #: ``stdout`` of the object that ``start`` or ``exec`` returns.
    tty: bool | Size | tuple[int, int] | None
    #: Descriptors of the caller's that the process gets as 3, 4, ….
    preserve_fds: Sequence[int] | None
    #: None inherits the caller's; stdin is empty unless given.
    stdin: Stream | None
    stdout: Stream | None
    stderr: Stream | None


class ExecOptions(ProcessOptions, total=False):
    """Parameters of ``Container.exec``."""

    #: Give the process all that ``cap_add`` of a container could.
    cap_add: Sequence[str] | None


class _Waiting(TypedDict, total=False):
    """What ``run`` understands beyond ``start`` and ``exec``."""

    #: What the process reads from its stdin: str or bytes (str is sent as UTF-8).
    input: str | bytes | None
    #: Capture stdout and stderr.
    capture_output: bool | None
    #: Raise CommandFailed, with ``.result``, unless the command ends with 0.
    check: bool | None
    #: Kill after so long; the result has reason TIMEOUT and the output up to then.
    timeout: Duration | None
    #: The most that is kept of each captured stream; the rest is read and thrown away, and the
    #: result says ``truncated``. Without it everything is kept.
    output_limit: SizeInBytes | None


class ExecRunOptions(ExecOptions, _Waiting, total=False):
    """Parameters of ``Container.run``."""


class StartOptions(ProcessOptions, total=False):
    """Parameters of ``start``: everything about a container."""

    #: An image by name, digest or id. Its command, environment, user, directory, stop signal and
    #: labels hold where nothing else is said. Without it, and without ``rootfs``, the container
    #: sees this machine's system.
    image: str | None
    #: When the registry is asked for it: ``missing`` (default), ``always``, ``never``.
    pull: Literal["always", "missing", "never"] | None
    #: Which of an image's platforms: ``linux/arm64``. Default: this machine's.
    platform: str | None
    #: A directory that becomes the (unchanged) lowest layer of the root.
    rootfs: str | None
    #: Run before ``args``, in the place of the image's own, whose command is not run then: a word,
    #: or a list of them.
    entrypoint: str | Sequence[str] | None

    #: A name beside the id: ``[A-Za-z0-9][A-Za-z0-9_.-]{0,127}``, unique.
    name: str | None
    #: Remove whatever holds ``name`` first, running or not.
    replace: bool | None
    #: Keep the ended container (its record and its changes) until it is removed.
    keep: bool | None
    #: Run nothing: our init waits, and things are executed in it. Only ``start``.
    idle: bool | None
    #: Run the command under a small init that reaps and forwards signals. Default True.
    init: bool | None
    labels: Mapping[str, str] | Sequence[str] | None
    #: The signal that ``stop`` sends (``"SIGINT"``, ``"INT"``, 2), and how long it then waits.
    stop_signal: str | int | None
    stop_timeout: Duration | None
    #: ``process`` (default: as long as the process that made it), or ``detached``, where the
    #: runtime can do that (OUTLIVES): it is kept then, and its streams go nowhere unless named.
    lifetime: Literal["process", "detached"] | None

    #: Further groups of the first process, by name or number.
    group_add: Sequence[str | int] | None
    hostname: str | None
    #: ``none`` (default: only a loopback) or ``host`` (this machine's own network).
    network: str | None
    #: ``process``, ``vm``, or ``hyperv`` (the same as ``vm``).
    isolation: Literal["process", "vm", "hyperv"] | None

    #: ``Mount.bind(…)`` and its like.
    mounts: Sequence[Mount] | None
    #: ``SRC:DST[:ro]``. A source that does not exist is an error.
    volumes: Sequence[str] | None
    #: Directories in memory: ``"/path[:size=64M,mode=1777]"``, or ``{path: options}``.
    tmpfs: Sequence[str] | Mapping[str, str] | None
    #: Files put into the root before anything runs, by absolute path.
    files: Mapping[str, str | bytes] | None
    #: The root can't be written.
    read_only: bool | None
    #: The most that changes to the root may take.
    storage_size: SizeInBytes | None
    #: The size of /dev/shm; default 64M.
    shm_size: SizeInBytes | None

    memory: SizeInBytes | None
    #: Memory and swap together; -1 for no limit to swap.
    memory_swap: SizeInBytes | None
    #: Processors, in parts: 0.5 is half of one.
    cpus: float | str | None
    cpu_shares: int | None
    #: ``"0-2,4"``.
    cpuset_cpus: str | None
    #: Processes and threads; -1 for no limit.
    pids_limit: int | None

    #: Names with or without ``CAP_``, or ``ALL``.
    cap_add: Sequence[str] | None
    cap_drop: Sequence[str] | None
    #: ``seccomp=unconfined``, ``seccomp=FILE``, ``no-new-privileges[:false]``.
    security_opt: Sequence[str] | None
    #: ``/dev/SRC[:/dev/DST[:rwm]]``.
    devices: Sequence[str] | None
    #: ``{"nofile": 1024}``, ``{"nofile": (1024, 2048)}``, or ``["nofile=1024:2048"]``.
    ulimits: Mapping[str, int | tuple[int, int]] | Sequence[str] | None
    #: ``{"net.ipv4.ip_forward": "1"}``, or ``["NAME=value"]``.
    sysctls: Mapping[str, str | int] | Sequence[str] | None
    #: ``0o022``, or ``"022"``.
    umask: int | str | None
    oom_score_adj: int | None

    #: Backends by name, with an argument if they take one (``oci:runc``).
    runtime: str | None
    layer_store: str | None
    stdio_driver: str | None
    #: What may be dropped where it can't be had: names of parameters (``memory``, …).
    allow_unenforced: Sequence[str] | None


class CreateOptions(TypedDict, total=False):
    """Parameters of ``create``: what a specification does not say."""

    #: Taken as it is, as names are; generated without it. Windows refuses names of devices too.
    id: str | None
    name: str | None
    replace: bool | None
    labels: Mapping[str, str] | Sequence[str] | None
    #: Where its streams go; those of a detached container go nowhere unless named.
    stdin: Stream | None
    stdout: Stream | None
    stderr: Stream | None
    #: A terminal, whatever ``process.terminal`` says.
    tty: bool | Size | tuple[int, int] | None
    preserve_fds: Sequence[int] | None
    #: ``vm`` by itself if the specification has a part for a virtual machine.
    isolation: Literal["process", "vm", "hyperv"] | None
    #: It outlives this process, where the runtime can do that (OUTLIVES).
    detached: bool | None
    stop_signal: str | int | None
    stop_timeout: Duration | None
    #: How long creating and starting may take each.
    timeout: Duration | None
    runtime: str | None
    layer_store: str | None
    stdio_driver: str | None


class RunOptions(StartOptions, _Waiting, total=False):
    """Parameters of ``run``: those of ``start``, and how to wait for the end."""
