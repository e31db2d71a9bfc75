"""The verbs of the module: those of one Engine that this process keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    import builtins
    from collections.abc import Sequence
    from typing import Unpack

    from cloche.container import Container
    from cloche.engine import Engine
    from cloche.images import Image, Report
    from cloche.parameters import CreateOptions, RunOptions, StartOptions
    from cloche.result import Result
    from cloche.spec import Spec
    from cloche.survey import Backend

__all__ = ["backends", "create", "default_engine", "get", "list", "pull", "run", "start"]

_engine: Engine | None = None


def default_engine() -> Engine:
    """Return the engine behind ``cloche.run`` and its like; made on first use."""
    global _engine
    if _engine is None:
        from cloche.engine import Engine

        _engine = Engine()
    return _engine


@overload
def run(
    args: Sequence[str], *, text: Literal[True], **options: Unpack[RunOptions]
) -> Result[str]: ...
@overload
def run(
    args: Sequence[str], *, text: Literal[False] | None = None, **options: Unpack[RunOptions]
) -> Result[bytes]: ...
def run(
    args: Sequence[str], *, text: bool | None = None, **options: Unpack[RunOptions]
) -> Result[Any]:
    """Run a command in a new container, wait for its end, and remove the container.

    ``cloche.RunOptions`` explains every parameter, ``Engine.run`` what is raised.

    Of the process: env, user, workdir, tty, preserve_fds, stdin, stdout, stderr, text.
    Of the waiting: input, capture_output, check, timeout, output_limit.
    Of the container: name, replace, keep, idle, init, labels, lifetime, stop_signal, stop_timeout,
    image, pull, platform, rootfs, entrypoint, hostname, group_add, umask, oom_score_adj.
    Of what it sees: mounts, volumes, tmpfs, files, read_only, storage_size, shm_size, devices,
    network, sysctls, isolation.
    Of what it may: memory, memory_swap, cpus, cpu_shares, cpuset_cpus, pids_limit, ulimits,
    cap_add, cap_drop, security_opt, allow_unenforced.
    Of who runs it: runtime, layer_store, stdio_driver.
    """
    return default_engine().run(args, text=text, **options)  # type: ignore[arg-type]


@overload
def start(
    args: Sequence[str] | None = None, *, text: Literal[True], **options: Unpack[StartOptions]
) -> Container[str]: ...
@overload
def start(
    args: Sequence[str] | None = None,
    *,
    text: Literal[False] | None = None,
    **options: Unpack[StartOptions],
) -> Container[bytes]: ...
def start(
    args: Sequence[str] | None = None,
    *,
    text: bool | None = None,
    **options: Unpack[StartOptions],
) -> Container[Any]:
    """Start a command in a new container (or ``idle=True``) and return at once.

    ``cloche.StartOptions`` explains every parameter, ``Engine.start`` what is raised.

    Of the process: env, user, workdir, tty, preserve_fds, stdin, stdout, stderr, text.
    Of the container: name, replace, keep, idle, init, labels, lifetime, stop_signal, stop_timeout,
    image, pull, platform, rootfs, entrypoint, hostname, group_add, umask, oom_score_adj.
    Of what it sees: mounts, volumes, tmpfs, files, read_only, storage_size, shm_size, devices,
    network, sysctls, isolation.
    Of what it may: memory, memory_swap, cpus, cpu_shares, cpuset_cpus, pids_limit, ulimits,
    cap_add, cap_drop, security_opt, allow_unenforced.
    Of who runs it: runtime, layer_store, stdio_driver.
    """
    return default_engine().start(args, text=text, **options)  # type: ignore[arg-type]


@overload
def create(
    what: Spec, *, text: bool | None = None, **options: Unpack[CreateOptions]
) -> Container[Any]: ...
@overload
def create(
    what: Sequence[str] | None = None,
    *,
    text: bool | None = None,
    **options: Unpack[StartOptions],
) -> Container[Any]: ...
def create(
    what: Spec | Sequence[str] | None = None, *, text: bool | None = None, **options: Any
) -> Container[Any]:
    """Make a container as ``start`` does, or from a whole OCI specification, and let it wait.

    ``Container.start`` lets it run. ``cloche.StartOptions``, or for a specification
    ``cloche.CreateOptions``, explains every parameter, ``Engine.create`` what is raised.
    """
    return default_engine().create(what, text=text, **options)  # type: ignore[arg-type]


def get(name: str) -> Container[bytes]:
    """Find a container by name, id, or unique prefix of an id, whoever made it."""
    return default_engine().get(name)


def list(*, all: bool = False) -> builtins.list[Container[bytes]]:  # noqa: A001
    """List the running containers, oldest first; with ``all`` the others too."""
    return default_engine().list(all=all)


def pull(
    name: str,
    *,
    platform: str | None = None,
    policy: Literal["always", "missing", "never"] = "always",
    report: Report | None = None,
) -> Image:
    """Bring an image from its registry: its layers come side by side, checked and unpacked.

    ``Engine.images`` has all that can be done with images; ``Images.pull`` says what is raised.
    """
    images = default_engine().images
    return images.pull(name, platform=platform, policy=policy, report=report)


def backends() -> builtins.list[Backend]:
    """Say of each installed backend whether it works here, and why not."""
    return default_engine().backends()
