"""Capabilities as the kernel counts them: numbers, and sets as masks of bits."""

from __future__ import annotations

from functools import cache

from cloche.capabilities import ALL, canonical
from cloche.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.spec import LinuxCapabilities

__all__ = ["Masks", "kernel_mask", "last_capability", "mask", "names"]

_BITS = {name: 1 << number for number, name in enumerate(ALL)}
_EVERY = (1 << len(ALL)) - 1


class Masks(NamedTuple):
    """The five capability sets of a process."""

    bounding: int = 0
    effective: int = 0
    inheritable: int = 0
    permitted: int = 0
    ambient: int = 0

    @classmethod
    def of(cls, sets: LinuxCapabilities | None) -> Masks:
        """The sets of a specification; without any, a process may do nothing special."""
        if sets is None:
            return cls()
        return cls(
            bounding=mask(sets.bounding or ()),
            effective=mask(sets.effective or ()),
            inheritable=mask(sets.inheritable or ()),
            permitted=mask(sets.permitted or ()),
            ambient=mask(sets.ambient or ()),
        )

    def within(self, allowed: int) -> Masks:
        """The same without what is not in ``allowed``, such as `kernel_mask` or one's own set.

        Nor with effective ones that are not permitted, and ambient ones that are not inheritable
        either: the kernel grants none such.
        """
        sets = Masks(*(bits & allowed for bits in self))
        return sets._replace(
            effective=sets.effective & sets.permitted,
            ambient=sets.ambient & sets.permitted & sets.inheritable,
        )


def mask(wanted: Iterable[str]) -> int:
    """The bits of these capabilities, ``ALL`` included; InvalidSpec for a name that is none."""
    bits = 0
    for name in wanted:
        bits |= _BITS.get(name) or _BITS.get(canonical(name), _EVERY)
    return bits


def names(bits: int) -> tuple[str, ...]:
    """The capabilities in a mask, in the order of their numbers; unknown bits have no name."""
    return tuple(name for name, bit in _BITS.items() if bits & bit)


@cache
def last_capability() -> int:
    """The highest number that the running kernel knows; prctl refuses higher ones (EINVAL)."""
    with open("/proc/sys/kernel/cap_last_cap", "rb") as file:
        return int(file.read())


def kernel_mask() -> int:
    """Every capability that the running kernel knows."""
    return (1 << last_capability() + 1) - 1
