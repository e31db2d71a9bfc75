"""The entry point of ``cloche``, which is ``python -m cloche_cli`` as well.

Whoever presses Ctrl-C while the program is still imported is to see no traceback, so nothing is
imported before there is somebody to tell it.
"""

from __future__ import annotations

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> None:
    """Be the program."""
    try:
        from cloche_cli.main import main as begin

        begin()
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None


if __name__ == "__main__":
    main()
