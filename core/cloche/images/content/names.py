"""Names of images: which manifest or index each of them stands for.

A name is a small file of its own, quickly read; ``index.json`` says the same to other programs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche._disk import unlink
from cloche.errors import ImageError, InvalidSpec
from cloche.images.digest import Digest, check_digest

from .layout import DRAFT, content_if_any, listed, machine_errors, write_whole

if TYPE_CHECKING:
    import builtins

    from cloche.images.manifest import Descriptor

    from .layout import Layout

__all__ = ["REF_NAME", "Names"]

#: image-spec, annotations.md, "Pre-Defined Annotation Keys".
REF_NAME = "org.opencontainers.image.ref.name"
_LONGEST = 512
#: What a file's name may hold, that differs by more than case; the rest is written as ``%xx``.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")
_ALLOWED = _PLAIN | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ:@/+")
_LONGEST_FILE = 200


class Names:
    """Names below one directory; thread-safe, and safe beside other processes."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def get(self, name: str) -> Descriptor | None:
        """Look a name up; None if nothing has it. Raises ImageError for a damaged record."""
        record = self._read(self._path(name), name)
        return None if record is None else _descriptor(record)

    def digest(self, name: str) -> Digest | None:
        """Look up no more than the digest, which is quicker: no document class is needed."""
        record = self._read(self._path(name), name)
        return None if record is None else Digest(str(record["digest"]))

    def set(self, name: str, descriptor: Descriptor) -> None:
        """Give a name to a manifest or index, and take it from whatever has it.

        Raises InvalidSpec for what can be no name, ImageError if the manifest is not there, and
        Unavailable where the disk is full.
        """
        from cloche.documents import write
        from cloche.images.manifest import Descriptor

        path = self._path(name)
        plain = Descriptor(
            media_type=descriptor.media_type, digest=descriptor.digest, size=descriptor.size
        )
        record = b'{"name":' + write(name) + b"," + write(plain)[1:]
        with self._layout.locked():
            if not os.path.lexists(self._layout.blob(descriptor.digest)):
                raise ImageError(f"{name}: {descriptor.digest} is not here", hint="pull it first")
            write_whole(path, record)
            self.publish()

    def remove(self, name: str) -> bool:
        """Take a name away, and say whether there was one; what it stood for stays."""
        path = self._path(name)
        if not os.path.lexists(path):
            return False
        with self._layout.locked():
            try:
                unlink(path)
            except FileNotFoundError:
                return False
            self.publish()
        return True

    def list(self) -> dict[str, Descriptor]:
        """Say what each name stands for, sorted by name. Damaged records are left out."""
        return {name: _descriptor(record) for name, record in self._records()}

    def digests(self) -> dict[str, Digest]:
        """The same, and no more than digests."""
        return {name: Digest(str(record["digest"])) for name, record in self._records()}

    def damaged(self) -> builtins.list[str]:
        """Name the files that can't be understood."""
        return [path for path in self._files() if _parse(content_if_any(path) or b"") is None]

    def publish(self) -> None:
        """Write ``index.json`` if it does not say what the names say; for who holds the lock."""
        from json import dumps

        manifests = [
            {key: record[key] for key in ("mediaType", "digest", "size")}
            | {"annotations": {REF_NAME: name}}
            for name, record in self._records()
        ]
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests}
        text = dumps(index, separators=(",", ":")).encode()
        if content_if_any(self._layout.index) != text:
            write_whole(self._layout.index, text)

    def _records(self) -> builtins.list[tuple[str, dict[str, object]]]:
        found = [_parse(content_if_any(path) or b"") for path in self._files()]
        return sorted((str(r["name"]), r) for r in found if r is not None)

    def _files(self) -> builtins.list[str]:
        directory = self._layout.names
        return [
            os.path.join(directory, file) for file in listed(directory) if not file.endswith(DRAFT)
        ]

    def _read(self, path: str, name: str) -> dict[str, object] | None:
        with machine_errors(path):
            content = content_if_any(path)
        if content is None:
            return None
        record = _parse(content)
        if record is None or record["name"] != name:
            raise ImageError(f"the record of {name} is damaged", hint="pull the image again")
        return record

    def _path(self, name: str) -> str:
        return os.path.join(self._layout.names, _file_name(_check(name)))


_INDEX = "application/vnd.oci.image.index.v1+json"


def _check(name: str) -> str:
    if 0 < len(name) <= _LONGEST and _ALLOWED.issuperset(name):
        return name
    raise InvalidSpec(
        f"{name[:80]!r} can't be the name of an image",
        path="image",
        hint=f"letters, digits and any of . - _ : @ / +, at most {_LONGEST}",
    )


def _file_name(name: str) -> str:
    """One file for each name, on file systems that know no case, too; no device of Windows'."""
    text = "".join(c if c in _PLAIN else f"%{ord(c):02x}" for c in name)
    if len(text) <= _LONGEST_FILE:
        return f"={text}"
    from hashlib import sha256

    return f"={text[:100]}%{sha256(name.encode()).hexdigest()}"


def _parse(content: bytes) -> dict[str, object] | None:
    """What a record says, or None if it is damaged."""
    from json import loads

    try:
        record = loads(content)
        check_digest(record["digest"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ImageError):
        return None
    kinds = {"name": str, "mediaType": str, "digest": str, "size": int}
    whole = all(isinstance(record.get(key), kind) for key, kind in kinds.items())
    return record if whole else None


def _descriptor(record: dict[str, object]) -> Descriptor:
    from cloche.images.manifest import read_descriptor

    return read_descriptor(record)
