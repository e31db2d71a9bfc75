"""The libraries that stand in for the service."""

from __future__ import annotations

from pathlib import Path

__all__ = ["default_service"]


def default_service() -> Path:
    """The project's own, built if need be."""
    raise NotImplementedError
