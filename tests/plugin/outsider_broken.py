"""A plug-in that cannot even be imported."""

from __future__ import annotations

raise RuntimeError("out of order")
