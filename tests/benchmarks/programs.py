"""The programs that run in the containers."""

from __future__ import annotations

from collections.abc import Sequence

from probe import script

__all__ = ["FLOOD", "IDLE", "PROBE", "TRUE", "programs"]

TRUE = "true"
PROBE = "probe"
FLOOD = "flood"
IDLE = "idle"


def programs(masked: Sequence[str], flood: int = 0) -> dict[str, list[str]]:
    """Each program's arguments; ``flood`` writes so many MiB of zeros."""
    return {
        TRUE: ["true"],
        PROBE: ["sh", "-c", script(masked)],
        FLOOD: ["dd", "if=/dev/zero", "bs=1M", f"count={flood}", "status=none"],
        IDLE: ["sleep", "3600"],
    }
