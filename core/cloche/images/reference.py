"""Names of images, with Docker's defaults (distribution/reference, and the OCI name rules)."""

from __future__ import annotations

import re

from cloche.errors import ImageError, InvalidSpec
from cloche.values import Value

from .digest import Digest, check_digest
from .foreign import excerpt

__all__ = ["DEFAULT_REGISTRY", "DEFAULT_TAG", "Reference"]

DEFAULT_REGISTRY = "docker.io"
DEFAULT_TAG = "latest"
_OFFICIAL = "library/"
_LONGEST = 255

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LABEL = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?")
_IDENTIFIER = re.compile(r"[0-9a-f]{64}")


class Reference(Value):
    """The name of an image: where it is, and which one."""

    #: Host and perhaps port; ``docker.io`` where a name says none.
    registry: str
    #: ``library/alpine``.
    repository: str
    #: None only beside a digest.
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read ``alpine``, ``ghcr.io/owner/name:tag``, ``host:5000/name@sha256:…``.

        Raises InvalidSpec (``path`` is ``image``) saying what is wrong. Does not promise that there
        is such an image.
        """
        name, at, digest = text.partition("@")
        name, tag = _split_tag(name)
        registry, repository = _split_registry(name)
        checked = _digest(digest, text) if at else None
        return _checked(cls(registry, repository, tag, checked).with_default_tag(), text)

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def target(self) -> str:
        """What is asked of the registry: the digest, or else the tag."""
        return self.digest or self.tag or DEFAULT_TAG

    def with_tag(self, tag: str) -> Reference:
        """The same repository's image of that tag."""
        return Reference(self.registry, self.repository, tag)

    def with_digest(self, digest: Digest) -> Reference:
        """The same name, pinned to what has this digest."""
        return Reference(self.registry, self.repository, self.tag, digest)

    def with_default_tag(self) -> Reference:
        """``latest`` where there is neither tag nor digest."""
        return self.with_tag(DEFAULT_TAG) if self.tag is None and not self.digest else self

    def familiar(self) -> str:
        """The name as people write it: ``alpine:3.20``."""
        name = self.name.removeprefix(f"{DEFAULT_REGISTRY}/")
        if name != self.name:
            short = name.removeprefix(_OFFICIAL)
            name = name if "/" in short else short
        return name + self._suffix()

    def __str__(self) -> str:
        return self.name + self._suffix()

    def _suffix(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{tag}@{self.digest}" if self.digest else tag


def _split_tag(name: str) -> tuple[str, str | None]:
    """A colon before the last slash is that of a port."""
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag and not tag.endswith("]") else (name, None)


def _split_registry(name: str) -> tuple[str, str]:
    """Docker's rule: a first part is a host if it has a dot, colon or capital, or is localhost."""
    first, slash, rest = name.partition("/")
    is_host = any(c in first for c in ".:[") or first == "localhost" or first.lower() != first
    if not slash or not is_host:
        registry, repository = DEFAULT_REGISTRY, name
    else:
        registry, repository = first, rest
    if registry == f"index.{DEFAULT_REGISTRY}":
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = _OFFICIAL + repository
    return registry, repository


def _digest(digest: str, text: str) -> Digest:
    try:
        return check_digest(digest)
    except ImageError as error:
        raise _wrong(text, error.message, error.hint) from None


def _checked(reference: Reference, text: str) -> Reference:
    repository = reference.repository
    if not _HOST.fullmatch(reference.registry):
        raise _wrong(text, f"{excerpt(reference.registry)!r} is no host", "HOST[:PORT]/NAME")
    if repository.lower() != repository:
        raise _wrong(text, "the name has capital letters", text.lower())
    if not _REPOSITORY.fullmatch(repository):
        raise _wrong(text, "it is no name", "such as alpine:3.20, or HOST/NAME:TAG")
    if len(reference.name) > _LONGEST:
        raise _wrong(text, f"the name is longer than {_LONGEST} characters", None)
    if reference.tag is not None and not _TAG.fullmatch(reference.tag):
        raise _wrong(text, f"{excerpt(reference.tag)!r} is no tag", "letters, digits, _ . -")
    if _IDENTIFIER.fullmatch(repository.removeprefix(_OFFICIAL)):
        raise _wrong(text, "that is an id, not a name", "NAME@sha256:… pins a digest")
    return reference


def _wrong(text: str, what: str, hint: str | None) -> InvalidSpec:
    hint = excerpt(hint) if hint is not None else None
    return InvalidSpec(f"image {excerpt(text)!r}: {what}", path="image", hint=hint)
