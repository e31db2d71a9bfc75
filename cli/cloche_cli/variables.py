"""``--env-file``: variables, a line each."""

from __future__ import annotations

from cloche_cli.usage import UsageError

__all__ = ["read_variables"]


def read_variables(path: str) -> list[str]:
    """Read a file as docker does: # starts a comment line, quotes and blanks are kept."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = [line.rstrip("\r\n").lstrip() for line in file]
    except OSError as error:
        raise UsageError(f"--env-file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"--env-file {path}: not UTF-8") from None
    return [line for line in lines if line and not line.startswith("#")]
