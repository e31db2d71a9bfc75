"""From OCI documents to those of the Host Compute Service (schema version 1): pure functions.

What is always written, what is null, and what is left out when it is empty is part of the format:
services of several Windows versions were served the documents in exactly this shape.
"""

from __future__ import annotations

from .configuration import configuration
from .process import process_parameters

__all__ = ["configuration", "process_parameters"]
