"""Whether a request can be a container of the service at all: asked before anything is made.

Nothing here calls the service. What only it can know (an endpoint that does not exist) it tells
when the container is created.
"""

from __future__ import annotations

from .request import check_process, check_request, folders_of

__all__ = ["check_process", "check_request", "folders_of"]
