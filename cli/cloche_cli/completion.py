"""What could stand at a place on the command line.

A shell asks in the middle of somebody's typing: where nothing can be found out, nothing is
proposed.
"""

from __future__ import annotations

__all__ = ["all_containers", "backends", "images", "running_containers", "waiting_containers"]


def running_containers(root: str | None) -> list[str]:
    """Name the containers that run."""
    return _containers(root, all=False)


def all_containers(root: str | None) -> list[str]:
    """Name all containers, stopped ones too."""
    return _containers(root, all=True)


def waiting_containers(root: str | None) -> list[str]:
    """Name the containers that wait for their start."""
    from cloche import ClocheError, Engine, State

    try:
        with Engine(root=root) as engine:
            return [each.name for each in engine.list(all=True) if each.state is State.CREATED]
    except ClocheError:
        return []


def images(root: str | None) -> list[str]:
    """Name the images that are kept here."""
    from cloche import ClocheError, Engine

    try:
        with Engine(root=root) as engine:
            return [image.name for image in engine.images.list() if image.name]
    except ClocheError:
        return []


def backends(kind: str, root: str | None) -> list[str]:
    """Name the installed backends of a kind, those that don't work here too."""
    from cloche import ClocheError, Engine

    try:
        with Engine(root=root) as engine:
            return [backend.name for backend in engine.backends() if backend.kind == kind]
    except ClocheError:
        return []


def _containers(root: str | None, *, all: bool) -> list[str]:
    from cloche import ClocheError, Engine

    try:
        with Engine(root=root) as engine:
            return [container.name for container in engine.list(all=all)]
    except ClocheError:
        return []
