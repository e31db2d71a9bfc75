"""The parameters people give, checked one by one and then together: nothing is made here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloche import arguments as check
from cloche.errors import InvalidSpec
from cloche.runtime import Isolation, Lifetime
from cloche.streams import DEVNULL, PIPE, STDOUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.layers import Layer
    from cloche.mount import Mount
    from cloche.spec import Process
    from cloche.stdio import Size, StreamTarget

__all__ = ["Asked", "ask", "let_go"]

_BIGGEST = 2**63 - 1


class Asked:
    """What was asked for. What nobody asked for has its value from the class."""

    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    user: str | None = None
    group_add: tuple[str, ...] = ()
    workdir: str | None = None
    tty: Size | None = None
    #: The whole process, where it was given as a document.
    process: Process | None = None
    preserve_fds: tuple[int, ...] = ()
    stdin: StreamTarget | int | None = None
    stdout: StreamTarget | int | None = None
    stderr: StreamTarget | int | None = None
    text: bool = False

    input: bytes | None = None
    capture_output: bool = False
    check: bool = False
    timeout: float | None = None
    output_limit: int | None = None

    id: str | None = None
    lifetime: Lifetime = Lifetime.PROCESS
    errand_of: str | None = None
    image: str | None = None
    pull: str = "missing"
    platform: str | None = None
    #: The image's manifest, and its layers as a layer store has them: see ``cloche.images.using``.
    image_digest: str | None = None
    #: The image's Windows (``10.0.20348.2113``), where it says so.
    os_version: str | None = None
    #: The first argument is a command line by the program's own rules (docker's ArgsEscaped).
    args_escaped: bool = False
    layers: tuple[Layer, ...] = ()
    rootfs: str | None = None
    entrypoint: tuple[str, ...] = ()
    name: str | None = None
    replace: bool = False
    keep: bool = False
    idle: bool = False
    init: bool = True
    labels: Mapping[str, str] = {}
    stop_signal: int = 15
    stop_timeout: float = 10.0
    hostname: str | None = None
    network: str = "none"
    isolation: Isolation = Isolation.PROCESS
    mounts: tuple[Mount, ...] = ()
    volumes: tuple[Mount, ...] = ()
    tmpfs: tuple[Mount, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    read_only: bool = False
    storage_size: int | None = None
    shm_size: int | None = None
    memory: int | None = None
    memory_swap: int | None = None
    cpus: float | None = None
    cpu_shares: int | None = None
    cpuset_cpus: str | None = None
    pids_limit: int | None = None
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    ulimits: Mapping[str, tuple[int, int]] = {}
    sysctls: Mapping[str, str] = {}
    umask: int | None = None
    oom_score_adj: int | None = None
    runtime: str | None = None
    layer_store: str | None = None
    stdio_driver: str | None = None
    allow_unenforced: frozenset[str] = frozenset()


Check = "Callable[[str, Any], Any]"


def ask(
    verb: str,
    args: object,
    options: Mapping[str, Any],
    known: Mapping[str, Any],
    *,
    by_document: bool = False,
) -> Asked:
    """Check all parameters of one call; ``by_document``: the command comes in a document.

    Raises InvalidSpec naming the parameter, NotSupported for what is not there yet, and TypeError
    for a parameter that ``verb`` does not have.
    """
    asked = Asked()
    values = asked.__dict__
    for name, value in options.items():
        if name not in known:
            raise _unexpected(verb, name, known)
        if value is not None:
            values[name] = known[name](name, value)
    if args is not None:
        values["args"] = check.command("args", args)
    _check_streams(asked)
    if by_document:
        return asked
    _check_terminal(asked)
    _check_command(verb, asked)
    if asked.lifetime is Lifetime.DETACHED:
        if verb == "run":
            raise InvalidSpec(
                "lifetime: run() waits for the end", path="lifetime", hint="use start()"
            )
        let_go(asked)
    return asked


def _unexpected(verb: str, name: str, known: Mapping[str, Any]) -> TypeError:
    from difflib import get_close_matches

    near = _WORDS.get(name) or next(iter(get_close_matches(name, known, n=1)), None)
    hint = f"; did you mean {near!r}?" if near in known else ""
    return TypeError(f"{verb}() got an unexpected keyword argument {name!r}{hint}")


#: What people call parameters elsewhere.
_WORDS = {
    "cwd": "workdir",
    "working_dir": "workdir",
    "environment": "env",
    "pass_fds": "preserve_fds",
    "mem_limit": "memory",
    "memswap_limit": "memory_swap",
    "network_mode": "network",
    "tmp_fs": "tmpfs",
    "terminal": "tty",
    "volume": "volumes",
    "mount": "mounts",
    "device": "devices",
    "ulimit": "ulimits",
    "sysctl": "sysctls",
    "label": "labels",
    "command": "entrypoint",
    "readonly": "read_only",
    "encoding": "text",
    "universal_newlines": "text",
}


def _check_command(verb: str, asked: Asked) -> None:
    _check_root(asked)
    if asked.entrypoint and asked.image is None:
        asked.args = (*asked.entrypoint, *asked.args)
    if asked.idle:
        if verb == "run":
            raise InvalidSpec("idle: run() ends with its command", path="idle", hint="use start()")
        if asked.args:
            raise InvalidSpec(
                "idle: an idle container runs no command",
                path="args",
                hint="use its run() or exec()",
            )
    elif asked.image is None and (not asked.args or not asked.args[0]):
        raise InvalidSpec(
            "args: there is no command", path="args", hint='["ls", "-l"], or start(idle=True)'
        )


def _check_root(asked: Asked) -> None:
    if asked.image is None:
        if asked.platform is not None:
            _check_platform(asked.platform)
    elif asked.rootfs is not None:
        raise InvalidSpec("rootfs: an image has a root of its own", path="rootfs")


def _check_platform(platform: str) -> None:
    from cloche import host

    system, _, rest = platform.partition("/")
    if system != host.system() or rest not in ("", host.architecture()):
        here = f"{host.system()}/{host.architecture()}"
        raise InvalidSpec(
            f"platform: {platform}: without an image it is this machine's, {here}", path="platform"
        )


def let_go(asked: Asked) -> None:
    """What outlives this process has nothing of its streams, and stays when it has ended, unless
    that was refused."""
    asked.__dict__.setdefault("keep", True)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(asked, name) is None:
            setattr(asked, name, DEVNULL)


def _check_streams(asked: Asked) -> None:
    if asked.capture_output:
        if asked.stdout is not None or asked.stderr is not None:
            raise InvalidSpec(
                "capture_output: stdout and stderr can't be given beside it", path="capture_output"
            )
        asked.stdout = asked.stderr = PIPE
    if asked.input is not None:
        if asked.stdin is not None:
            raise InvalidSpec("input: stdin can't be given beside it", path="input")
        asked.stdin = PIPE
    for name in ("stdin", "stdout"):
        if getattr(asked, name) == STDOUT:
            raise InvalidSpec(f"{name}: STDOUT is for stderr", path=name)


def _check_terminal(asked: Asked) -> None:
    if asked.tty is not None:
        for name in ("stdin", "stdout", "stderr"):
            if getattr(asked, name) not in (None, PIPE, STDOUT):
                raise InvalidSpec(f"{name}: with tty it is the terminal", path=name)
