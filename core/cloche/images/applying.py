"""What an image says about its containers, where nobody said otherwise (image-spec, config.md).

The rules are docker's: ENTRYPOINT and the arguments, or CMD where there are none; another
entrypoint drops both; the environment is the image's, then what was asked for; labels likewise.
Ports and health checks are left aside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import ImageError, InvalidSpec
from cloche.signals import signal_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.mount import Mount
    from cloche.request import Asked

    from .image import Image
    from .image_config import ContainerConfig

__all__ = ["apply"]


def apply(asked: Asked, image: Image) -> None:
    """Fill in what was not asked for by what the image says.

    Raises InvalidSpec if there is no command anywhere, ImageError for what nobody can follow.
    """
    config = image.config
    asked.image_digest, asked.os_version = image.digest, image.platform.os_version
    # Other arguments are the caller's, and nobody has quoted those.
    quoted = bool(config.args_escaped) and image.platform.os == "windows"
    asked.args_escaped = quoted and not (asked.idle or asked.args or asked.entrypoint)
    if not asked.idle:
        asked.args = _command(asked, config)
    asked.env = {**_environment(config), **asked.env}
    asked.labels = {**(config.labels or {}), **asked.labels}
    if asked.user is None and config.user:
        asked.user = _plain(config.user, "User")
    if asked.workdir is None and config.working_dir:
        asked.workdir = _absolute(_plain(config.working_dir, "WorkingDir"), image)
    if config.stop_signal and "stop_signal" not in asked.__dict__:
        asked.stop_signal = _signal(config.stop_signal)
    if config.volumes and asked.read_only:
        asked.tmpfs = (*_volumes(asked, config.volumes), *asked.tmpfs)


def _command(asked: Asked, config: ContainerConfig) -> tuple[str, ...]:
    if asked.entrypoint:
        own = () if asked.entrypoint == ("",) else asked.entrypoint
        args = (*own, *asked.args)
    else:
        args = (*(config.entrypoint or ()), *(asked.args or config.cmd or ()))
    if not args or not args[0]:
        raise InvalidSpec(
            f"args: {asked.image} names no command", path="args", hint="name one, or idle=True"
        )
    return tuple(_plain(word, "Cmd") for word in args)


def _environment(config: ContainerConfig) -> dict[str, str]:
    """Variables without a name are passed over: old builders wrote such."""
    split = (_plain(variable, "Env").partition("=") for variable in config.env or ())
    return {name: value for name, _, value in split if name}


def _plain(text: str, field: str) -> str:
    if "\0" in text:
        raise ImageError(f"the image's configuration is damaged: {field} holds a NUL")
    return text


def _absolute(path: str, image: Image) -> str:
    return path if image.platform.os == "windows" or path.startswith("/") else f"/{path}"


def _signal(text: str) -> int:
    try:
        return signal_number(text)
    except ValueError:
        raise ImageError(
            f"the image's stop signal is none: {text!r}", hint="--stop-signal names another"
        ) from None


def _volumes(asked: Asked, volumes: Mapping[str, object]) -> tuple[Mount, ...]:
    """Where the root can't be written, volumes are in memory; else they are the root's own."""
    from cloche.mount import Mount

    given = {m.target for m in (*asked.mounts, *asked.volumes, *asked.tmpfs)}
    return tuple(
        Mount.tmpfs(_plain(path, "Volumes"))
        for path in sorted(volumes)
        if path not in given and path.startswith("/")
    )
