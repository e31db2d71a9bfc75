"""The libraries that stand in for the service."""

from __future__ import annotations

from pathlib import Path

from service.building import binding_for_windows, service_for_windows

__all__ = ["default_service"]


def default_service() -> Path:
    """The project's own, built if need be; the binding that calls it, too."""
    binding_for_windows()
    return service_for_windows()
