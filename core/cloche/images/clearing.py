"""Images that go: what nobody names, holds or uses any more, unpacked layers with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cloche.errors import ImageError, InvalidSpec, InvalidState

from .content.marking import marked
from .digest import Digest, check_digest
from .documents import LARGEST
from .finding import familiar, identify, not_found
from .reference import Reference
from .uses import headers_with_images, in_use, is_all_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Set

    from cloche.workshop import Workshop

    from .content import Collected, Content

__all__ = ["prune", "remove"]


def remove(shop: Workshop, text: str, *, force: bool) -> list[str]:
    """Do what `Images.remove` says."""
    content = shop.images.content
    _, top = identify(content, text)
    if top is None:
        raise not_found(text)
    names = sorted(each for each, digest in content.names.digests().items() if digest == top)
    named = _full(text, names)
    going = names if named is None else [named]
    if len(going) > 1 and not force:
        shown = ", ".join(familiar(each) or each for each in names)
        raise InvalidState(f"{text} has {len(names)} names: {shown}", hint="name one, or use force")
    reachable = marked(content.layout, [top])
    if going == names and not force:
        _refuse_used(shop, text, reachable)
    for each in going:
        content.names.remove(each)
    collected = _collect(shop, among=reachable, partial=False)
    return [*filter(None, map(familiar, going)), *collected.removed]


def _full(text: str, names: Iterable[str]) -> str | None:
    """The one of the names that was meant; None for an id."""
    try:
        full = str(Reference.parse(text))
    except InvalidSpec:
        return None
    return full if full in names else None


def _refuse_used(shop: Workshop, text: str, digests: Set[str]) -> None:
    for header in headers_with_images(shop.places):
        if header.image_digest in digests:
            user = header.name or header.id
            raise InvalidState(
                f"{text} is used by the container {user}", hint=f"cloche rm {user}, or use force"
            )


def prune(shop: Workshop, *, all: bool) -> Collected:
    """Do what `Images.prune` says."""
    content = shop.images.content
    used = {header.image_digest for header in headers_with_images(shop.places)}
    for name, top in content.names.digests().items():
        if (all or familiar(name) is None) and used.isdisjoint(marked(content.layout, [top])):
            content.names.remove(name)
    return _collect(shop, among=None, partial=True)


def _collect(shop: Workshop, *, among: Set[str] | None, partial: bool) -> Collected:
    """Records are read when nobody can take a lease: what starts now, is held or noted."""

    def discard(keep: Set[str]) -> None:
        if is_all_known(shop.places):
            _discard_layers(shop, {*keep, *_layers_of(shop.images.content, keep)})

    roots = in_use(shop.places)
    return shop.images.content.collect(roots, among=among, partial=partial, also=discard)


def _layers_of(content: Content, digests: Set[str]) -> Iterator[str]:
    """The diffIDs that configurations among some digests name."""
    for digest in digests:
        if content.has(digest) and content.size(digest) <= LARGEST:
            yield from _diff_ids(content, check_digest(digest))


def _diff_ids(content: Content, digest: Digest) -> list[str]:
    from .documents import read_object

    try:
        document = read_object(content.read(digest, LARGEST), digest)
    except ImageError:  # a layer, or damaged: then nothing runs by it
        return []
    rootfs = document.get("rootfs")
    found = cast("dict[str, object]", rootfs).get("diff_ids") if isinstance(rootfs, dict) else ()
    return [str(each) for each in cast("list[object]", found)] if isinstance(found, list) else []


def _discard_layers(shop: Workshop, keep: Set[str]) -> None:
    """Those on top of others first: some stores refuse to lose a parent."""
    for store in shop.chooser.stores_here():
        layers = [each for each in store.backend.unpacked() if each.digest not in keep]
        for layer in sorted(layers, key=lambda each: len(each.parents), reverse=True):
            store.backend.discard(layer)
