"""``--cidfile``: tell another program the id of the container."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from cloche import Container

__all__ = ["writing_id"]


def writing_id(path: str, start: Callable[[], Container[Any]]) -> Container[Any]:
    """Start a container and write its id to a new file; without a container there is no file."""
    try:
        file = open(path, "x", encoding="ascii")  # noqa: SIM115 - entered below
    except FileExistsError:
        raise UsageError(f"--cidfile {path}: it exists", hint=f"rm {path}") from None
    except OSError as error:
        raise UsageError(f"--cidfile {path}: {error.strerror}") from None
    with file:
        try:
            container = start()
        except BaseException:
            os.unlink(path)
            raise
        file.write(container.id)
    return container
