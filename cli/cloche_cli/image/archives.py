"""Images and root file systems as files: ``save`` and ``load``, ``import`` and ``export``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar, cast

from cloche_cli.completion import all_containers, images
from cloche_cli.declare import Command, argument, flag, many, rest, text
from cloche_cli.sections import one_of
from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from typing import BinaryIO

    from cloche.images.transports import Format

__all__ = ["Export", "Import", "Load", "Save"]

_FORMATS = ("docker-archive", "oci-archive", "oci")


class Save(Command):
    """Write images to a file or stdout.

    What it writes can be loaded here, by docker and by podman. With --format oci the output is a
    directory.
    """

    verb: ClassVar[str] = "save"
    output = text("-o", "--output", value="FILE", help="Write there; without it to stdout.")
    format = text(
        "--format",
        value="|".join(_FORMATS),
        help="How; default docker-archive.",
        complete=one_of(*_FORMATS),
    )
    images = rest("IMAGE...", required=True, complete=images)

    def __call__(self) -> int:
        """Write them; a file that can't be finished does not appear."""
        kind = cast("Format", self.format or _FORMATS[0])
        target = _target("save", self.output)
        with self.engine() as engine:
            engine.images.save(self.images, target, format=kind)
        return 0


class Load(Command):
    """Read images from an archive.

    Of docker's or OCI's kind, compressed or not; or from a directory that is an OCI layout.
    """

    verb: ClassVar[str] = "load"
    input = text("-i", "--input", value="FILE", help="Read this; without it stdin.")
    quiet = flag("-q", "--quiet", help="Print only digests.")
    json = flag("--json", help="Print a JSON array of what was loaded.")

    def __call__(self) -> int:
        """Read them all, or none; print what came."""
        source = _source("load", self.input, "-i FILE")
        with self.engine() as engine:
            loaded = engine.images.load(source)
        if self.json:
            from cloche_cli.image.documents import summary
            from cloche_cli.output import print_json

            print_json([summary(image) for image in loaded])
            return 0
        for image in loaded:
            print(image.digest if self.quiet or not image.name else image.name)
        return 0


class Import(Command):
    """Make an image of a root file system.

    FILE is a tar archive, a directory, or - for an archive from stdin. How it is run is said by
    --change, in a Dockerfile's words.
    """

    verb: ClassVar[str] = "import"
    change = many(
        "-c", "--change", value="INSTRUCTION", help="CMD, ENTRYPOINT, ENV, LABEL, USER, WORKDIR, …."
    )
    message = text("-m", "--message", value="TEXT", help="Say what was done.")
    platform = text("--platform", value="OS/ARCH", help="What it is for, if not this machine.")
    file = argument("FILE")
    name = argument("[NAME]", required=False)

    def __call__(self) -> int:
        """Make it, and print its digest."""
        source = _source("import", self.file, "FILE")
        with self.engine() as engine:
            image = engine.images.import_(
                source,
                self.name or None,
                changes=self.change,
                message=self.message,
                platform=self.platform,
            )
        print(image.digest)
        return 0


class Export(Command):
    """Write a container's root file system to a file or stdout.

    As a tar archive; cloche import makes an image of it.
    """

    verb: ClassVar[str] = "export"
    output = text("-o", "--output", value="FILE", help="Write there; without it to stdout.")
    container = argument("CONTAINER", complete=all_containers)

    def __call__(self) -> int:
        """Write it; a file that can't be finished does not appear."""
        target = _target("export", self.output)
        with self.engine() as engine:
            engine.get(self.container).export(target)
        return 0


def _target(verb: str, path: str | None) -> str | BinaryIO:
    """A file, or stdout: never a terminal, which would take an archive for commands."""
    if path is not None and path != "-":
        return path
    if sys.stdout.isatty():
        raise UsageError(f"{verb}: stdout is a terminal", hint="-o FILE writes a file")
    return sys.stdout.buffer


def _source(verb: str, path: str | None, otherwise: str) -> str | BinaryIO:
    if path is not None and path != "-":
        return path
    if sys.stdin.isatty():
        raise UsageError(f"{verb}: stdin is a terminal", hint=f"{otherwise} reads a file")
    return sys.stdin.buffer
