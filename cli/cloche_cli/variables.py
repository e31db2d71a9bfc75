"""Variables from ``--env`` and the lines of ``--env-file``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from cloche_cli.sections import Environment

__all__ = ["variables"]


def variables(typed: Environment) -> list[str]:
    """List what was asked for, files first: what is typed wins over what is written."""
    return [line for path in typed.env_file for line in _lines(path)] + typed.env


def _lines(path: str) -> list[str]:
    """Read a file as docker does: # starts a comment line, quotes and blanks are kept."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = [line.rstrip("\r\n").lstrip() for line in file]
    except OSError as error:
        raise UsageError(f"--env-file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"--env-file {path}: not UTF-8") from None
    return [line for line in lines if line and not line.startswith("#")]
