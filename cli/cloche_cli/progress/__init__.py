"""What is seen of images on their way: bars on a terminal, lines elsewhere, or JSON.

It goes to stderr, so that what a command prints can be read by another; JSON is what somebody asked
to be printed, and goes to stdout.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloche_cli.progress.display import Display

__all__ = ["choose"]


def choose(*, quiet: bool = False, json: bool = False) -> Display:
    """Make the display that fits where we are; entered, its ``report`` may be called anywhere."""
    if json:
        from cloche_cli.progress.plain import Events

        return Events(sys.stdout)
    if quiet:
        from cloche_cli.progress.display import Display

        return Display()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from cloche_cli.progress.bars import Bars

        return Bars(sys.stderr)
    from cloche_cli.progress.plain import Lines

    return Lines(sys.stderr)
