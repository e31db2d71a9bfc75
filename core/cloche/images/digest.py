"""Digests: content by what it is (image-spec, descriptor.md, "Digests")."""

from __future__ import annotations

from typing import TYPE_CHECKING, NewType

from cloche.errors import ImageError

from .foreign import excerpt

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["ALGORITHMS", "Digest", "algorithm_of", "check_digest", "digest_of", "encoded", "hasher"]

#: ``sha256:`` and 64 lower-case hexadecimal digits, or ``sha512:`` and 128.
Digest = NewType("Digest", str)

#: How many hexadecimal digits follow the name of an algorithm.
ALGORITHMS = {"sha256": 64, "sha512": 128}
_HEX = frozenset("0123456789abcdef")


def check_digest(text: str) -> Digest:
    """Take a text for a digest; ImageError if it is none, or of an algorithm that is not known."""
    algorithm, _, hexadecimal = text.partition(":")
    if len(hexadecimal) != ALGORITHMS.get(algorithm) or not _HEX.issuperset(hexadecimal):
        raise ImageError(
            f"not a digest: {excerpt(text, 140)}", hint="sha256: and 64 hexadecimal digits"
        )
    return Digest(text)


def digest_of(data: bytes, algorithm: str = "sha256") -> Digest:
    """Compute the digest of some bytes."""
    from hashlib import new

    return Digest(f"{algorithm}:{new(algorithm, data).hexdigest()}")


def algorithm_of(digest: Digest) -> str:
    """Name the algorithm, as hashlib does."""
    return digest.partition(":")[0]


def encoded(digest: Digest) -> str:
    """Give the hexadecimal digits: the name of a blob's file in an image layout."""
    return digest.partition(":")[2]


def hasher(digest: Digest) -> _Hash:
    """Begin a hash of the digest's algorithm, to compare its ``hexdigest`` with ``encoded``."""
    from hashlib import new

    return new(algorithm_of(digest))
