"""``cloche --version``."""

from __future__ import annotations

from cloche_cli.declare import Command

__all__ = ["Version"]


class Version(Command):
    """Show the version."""

    def __call__(self) -> int:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print("cloche", version("cloche"))
        except PackageNotFoundError:
            print("cloche (run from its source, not installed)")
        return 0
