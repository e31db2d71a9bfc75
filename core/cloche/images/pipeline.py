"""From a compressed layer to checked bytes: decompress, hash and unpack side by side.

Each of the three lets other threads run while it works, so two processors do a layer in about the
time of the longer half. What is between them is bounded, however big the layer.
"""

from __future__ import annotations

from hashlib import new as new_hash
from queue import Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from cloche.errors import ImageError

from .decompression import LIMITS, decompress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from typing import BinaryIO

    from .decompression import Limits

__all__ = ["ahead", "layer_pieces", "verified"]

T = TypeVar("T")
#: Pieces that may wait between two threads.
_DEPTH = 8


def layer_pieces(
    file: BinaryIO, size: int, diff_id: str, limits: Limits = LIMITS
) -> Generator[bytes, None, None]:
    """Yield the uncompressed bytes of a layer, decompressed ahead on threads of their own.

    ``size`` is what there is of it, compressed. Raises ImageError for what is damaged or too big,
    and at the end, instead of ending, if it is not what ``diff_id`` says. The threads end when the
    generator is closed.
    """
    return ahead(verified(ahead(decompress(file, size, limits)), diff_id))


def verified(pieces: Iterable[bytes], digest: str) -> Iterator[bytes]:
    """Pass pieces on; ImageError at their end unless all of them together have the digest."""
    algorithm, _, expected = digest.partition(":")
    seen = new_hash(algorithm)
    for piece in pieces:
        seen.update(piece)
        yield piece
    if seen.hexdigest() != expected:
        raise ImageError(
            f"a layer is not what its image says: {algorithm}:{seen.hexdigest()} "
            f"instead of {digest}",
            hint="whoever made the image made it wrong, or it was changed on the way",
        )


def ahead(items: Iterable[T], depth: int = _DEPTH) -> Generator[T, None, None]:
    """Let a thread of its own make items ahead of whoever wants them, ``depth`` at most.

    What the thread raises is raised here, in its place among the items.
    """
    made: Queue[tuple[T] | BaseException | None] = Queue(depth)
    stop = Event()
    thread = Thread(target=_fill, args=(items, made, stop), name="cloche-layer", daemon=True)
    thread.start()
    try:
        while (item := made.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0]
    finally:
        stop.set()
        while thread.is_alive():  # it may wait for room
            if not made.empty():
                made.get_nowait()
            thread.join(0.001)


def _fill(items: Iterable[T], made: Queue[tuple[T] | BaseException | None], stop: Event) -> None:
    last: BaseException | None = None
    try:
        for item in items:
            made.put((item,))
            if stop.is_set():
                break
    except BaseException as error:  # noqa: BLE001 - raised again by who reads
        last = error
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
    made.put(last)
