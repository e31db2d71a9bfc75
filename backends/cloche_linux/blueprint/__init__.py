"""From an OCI specification to the plan of a container or of a process in one.

Everything is decided here, in Python, before anything is made; the helper only carries it out.
"""

from __future__ import annotations

from cloche_linux.blueprint.container import Blueprint, container
from cloche_linux.blueprint.executed import executed

__all__ = ["Blueprint", "container", "executed"]
