"""Changes of a configuration, to be put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

Config = dict[str, Any]
Change = Callable[[Config], object]

DELETE = object()


def every(*changes: Change) -> Change:
    """Do all of them."""

    def change(config: Config) -> None:
        for each in changes:
            each(config)

    return change


def linux(**values: object) -> Change:
    """Set properties of the Linux section."""
    return lambda config: config["linux"].update(deepcopy(values))


def process(**values: object) -> Change:
    """Set properties of the process."""
    return lambda config: config["process"].update(deepcopy(values))


def top(**values: object) -> Change:
    """Set properties of the configuration itself."""
    return lambda config: config.update(deepcopy(values))


def mounted(*mounts: Config) -> Change:
    """Add mounts."""
    return lambda config: config["mounts"].extend(deepcopy(mounts))


def bound(source: object, destination: str, *options: str, **more: object) -> Config:
    """A bind mount."""
    mount = {"destination": destination, "type": "none", "source": str(source)}
    return {**mount, "options": [*options], **more}


def without(*kinds: str) -> Change:
    """Leave out namespaces, which are the runtime's then."""

    def change(config: Config) -> None:
        spaces = config["linux"]["namespaces"]
        config["linux"]["namespaces"] = [each for each in spaces if each["type"] not in kinds]
        if "uts" in kinds:
            config.pop("hostname", None)

    return change


def joined(kind: str, path: str) -> Change:
    """Name a namespace by its path."""
    return every(
        without(kind), lambda c: c["linux"]["namespaces"].append({"type": kind, "path": path})
    )


def placed(path: str, value: object) -> Change:
    """Set what is at a path such as ``linux.devices[0].type``, or take it away."""
    *way, last = keys(path)

    def change(config: Config) -> None:
        at: Any = config
        for key in way:
            at = at[key]
        if value is DELETE:
            del at[last]
        else:
            at[last] = value

    return change


def keys(path: str) -> Iterable[str | int]:
    """The keys of a path."""
    words = path.replace("[", ".").replace("]", "").split(".")
    return [int(word) if word.isdecimal() else word for word in words]
