"""Lists of processors as systemd takes them: a mask of bits, the first eight in the first byte."""

from __future__ import annotations

__all__ = ["as_mask"]


def as_mask(ranges: str) -> bytes:
    """Turn ``0-2,7`` into a mask; ValueError for anything else."""
    bits = 0
    for part in ranges.split(","):
        first, _, last = part.strip().partition("-")
        low, high = int(first), int(last or first)
        bits |= (1 << (high + 1)) - (1 << low)
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")
