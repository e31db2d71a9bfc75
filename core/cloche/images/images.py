"""Images: the facade of this room."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from .content import Content
from .finding import descriptor_of, find, fits, identify, new_name, not_found, present
from .platform import Platform

if TYPE_CHECKING:
    import builtins
    from collections.abc import Sequence
    from typing import BinaryIO

    from cloche.container import Container
    from cloche.workshop import Workshop

    from .content import Collected, Problem, Usage
    from .history import Step
    from .image import Image
    from .manifest import Descriptor
    from .progress import Progress, Report
    from .transports import Format

__all__ = ["Images"]


class Images:
    """The images that are here, and the ways in and out; `Engine.images`.

    An image is asked for by its name (``alpine``, ``ghcr.io/owner/name:tag``), its name and digest,
    a digest, or the beginning of a digest or id. Thread-safe, and safe beside other processes.
    """

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        #: Blobs and names: one directory, that other programs can read as an OCI image layout.
        self.content = Content(os.path.join(shop.places.data, "images"))

    def get(self, name: str, *, platform: str | None = None) -> Image:
        """Find an image that is here; by itself the one for this machine, else whichever there is.

        Raises ImageError if there is none, InvalidSpec for what is no name.
        """
        if platform is not None:
            image = find(self.content, name, Platform.parse(platform))
            if image is None:
                raise not_found(name)
            return image
        known, top = identify(self.content, name)
        images = [] if top is None else list(present(self.content, top, known))
        if not images:
            raise not_found(name)
        return _best(images)

    def pull(
        self,
        name: str,
        *,
        platform: str | None = None,
        policy: Literal["always", "missing", "never"] = "always",
        vm: bool = False,
        report: Report | None = None,
    ) -> Image:
        """Bring an image from its registry: its layers come side by side, checked and unpacked.

        ``policy``: ``always`` asks the registry what the name stands for now, ``missing`` only if
        it is not here, ``never`` not at all; a digest is asked for only if it is not here. ``vm``:
        it is for a virtual machine, which runs other versions of Windows, too. ``report`` is told
        how far it has come, on any thread.

        What several pull at once is fetched once. Whatever ends it, nothing wrong is left, and the
        next goes on from there. Raises ImageError for an image that is not there, is damaged or for
        other platforms, Unavailable if the registry can't be reached or denies access, or the disk
        is full.
        """
        wanted = Platform.here() if platform is None else Platform.parse(platform)
        if policy != "always":
            image = find(self.content, name, wanted, vm=vm)
            if image is not None:
                return image
            if policy == "never":
                raise not_found(name)
        from .pulling import pull

        return pull(self._shop, name, wanted, vm=vm, report=report or _quiet)

    def push(
        self, name: str, destination: str | None = None, *, report: Report | None = None
    ) -> Descriptor:
        """Send an image to the registry of its name, or to ``destination``; what it is there.

        Of an index all images are sent if all are here, else the one that ``get`` gives. Blobs that
        the registry has are not sent again. Raises ImageError if it is not here, Unavailable if the
        registry can't be reached or denies access.
        """
        from .pushing import push

        fallback = self.get(name).digest
        return push(self.content, name, destination, fallback, report or _quiet)

    def save(
        self,
        names: str | Sequence[str],
        path: str | os.PathLike[str] | BinaryIO,
        *,
        format: Format = "docker-archive",
    ) -> None:
        """Write images to an archive, or for ``oci`` to a directory.

        What is written appears when it is whole. Raises ImageError for an image that is not here.
        """
        from .archives import save

        save(self.content, [names] if isinstance(names, str) else names, path, format)

    def load(self, path: str | os.PathLike[str] | BinaryIO) -> builtins.list[Image]:
        """Read all images of an archive or an image layout, of whatever kind, and name them.

        All of them, or none. Those that have no name there get none here. Layers are unpacked with
        the first use. Raises ImageError naming what is damaged, NotFound if there is no such file.
        """
        from .archives import load

        return [self.get(digest) for digest in load(self.content, path)]

    def import_(
        self,
        path: str | os.PathLike[str] | BinaryIO,
        name: str | None = None,
        *,
        changes: Sequence[str] = (),
        message: str | None = None,
        platform: str | None = None,
    ) -> Image:
        """Make an image of a root file system: a tar archive, compressed or not, or a directory.

        ``changes`` say how it is run, in a Dockerfile's words: ``CMD ["sh"]``, ``ENV A=1``. Raises
        what ``load`` does, and InvalidSpec for changes that can't be understood.
        """
        from .committing import import_image

        wanted = Platform.here() if platform is None else Platform.parse(platform)
        return self.get(
            import_image(
                self.content, path, name, changes=changes, message=message, platform=wanted
            )
        )

    def commit(
        self,
        container: Container[bytes],
        name: str | None = None,
        *,
        author: str | None = None,
        message: str | None = None,
        changes: Sequence[str] = (),
        pause: bool = True,
    ) -> Image:
        """Make an image of what a container has changed, on top of the image it was made from.

        A running container is paused meanwhile, unless ``pause`` is false. ``changes`` as for
        ``import_``. Raises InvalidState for a container that was not made from an image,
        NotSupported where the layer store or the runtime can't do it.
        """
        from .committing import commit

        return self.get(
            commit(
                self._shop,
                container,
                name,
                author=author,
                message=message,
                changes=changes,
                pause=pause,
            )
        )

    def login(self, registry: str, user: str, password: str) -> None:
        """Have a registry check a password, and keep it where docker and podman do.

        Raises Unavailable if it denies access; nothing is kept then.
        """
        from .registry.login import log_in

        log_in(registry, user, password)

    def logout(self, registry: str) -> bool:
        """Forget the password for a registry; False if none was kept."""
        from .registry.login import log_out

        return log_out(registry)

    def list(self) -> builtins.list[Image]:
        """List the images that are here, by name; one line for each platform of a name."""
        named = self.content.names.digests().items()
        return [image for name, top in named for image in present(self.content, top, name)]

    def tag(self, source: str, name: str) -> None:
        """Give an image another name, and take the name from whatever has it.

        Raises ImageError if ``source`` is not here, InvalidSpec for what can be no name.
        """
        _, top = identify(self.content, source)
        if top is None:
            raise not_found(source)
        self.content.names.set(new_name(name), descriptor_of(self.content, top))

    def remove(self, name: str, *, force: bool = False) -> builtins.list[str]:
        """Take a name away, and with its last name the image; what went: names, then digests.

        What containers use stays where it is, whoever names it. Raises ImageError if there is no
        such image, InvalidState for the last name of one that containers use, and for an id with
        several names, unless ``force``.
        """
        from .clearing import remove

        return remove(self._shop, name, force=force)

    def prune(self, *, all: bool = False) -> Collected:
        """Take away what no name leads to and no container uses: blobs and unpacked layers.

        Images without a name go as well, with ``all`` also those that have one, unless containers
        use them. What killed transfers have left goes, too.
        """
        from .clearing import prune

        return prune(self._shop, all=all)

    def history(self, name: str, *, platform: str | None = None) -> builtins.list[Step]:
        """Say how an image was made, the last step first."""
        from .history import history

        return history(self.content, self.get(name, platform=platform))

    def verify(self) -> builtins.list[Problem]:
        """Hash all that is kept again and follow every name; what is wrong, and what to do.

        Damaged blobs are thrown away: the next pull brings them anew. Does not look into layers
        that are unpacked already.
        """
        return self.content.verify()

    def usage(self) -> Usage:
        """Count the room that blobs take, and what of it ``prune`` would free."""
        from .uses import in_use

        return self.content.usage(in_use(self._shop.places))


def _quiet(_: Progress) -> None:
    """Nobody wants to know."""


def _best(images: list[Image]) -> Image:
    here = Platform.here()
    return next((image for image in images if fits(image, here, vm=True)), images[0])
