"""What is noted of a container, so that another process can find it and put processes into it."""

from __future__ import annotations

from cloche import documents
from cloche.errors import InvalidSpec
from cloche.spec import LinuxMemoryPolicy, LinuxPersonality, LinuxSeccomp
from cloche_linux.confinement import Confinement
from cloche_linux.idmaps import IdMaps, Range
from cloche_linux.kernel import Namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, TypeVar

    T = TypeVar("T")

    from cloche.spec.document import Document
    from cloche_linux.hooks import Subject

__all__ = ["confinement_of", "note"]

_DEFAULT = "default"


def note(init: Mapping[str, object], confinement: Confinement | None) -> dict[str, object]:
    """Write down an init and what confines its container, as small JSON."""
    if confinement is None:
        return {"init": dict(init)}
    return {
        "init": dict(init),
        "apart": int(confinement.apart),
        "maps": _maps_note(confinement.maps),
        "seccomp": _seccomp_note(confinement.seccomp),
        "groups": list(confinement.groups),
        **({"shares_pids": True} if confinement.shares_pids else {}),
        **({"chrooted": True} if confinement.chrooted else {}),
        **_as_written("personality", confinement.personality),
        **_as_written("memory_policy", confinement.memory_policy),
        **({"subject": _subject_note(confinement.subject)} if confinement.subject else {}),
    }


def confinement_of(info: Mapping[str, Any]) -> Confinement | None:
    """Read what ``note`` wrote; None for anything else, which is no reason not to end it."""
    try:
        return Confinement(
            apart=Namespace(info["apart"]),
            maps=_maps(info["maps"]),
            seccomp=_seccomp(info["seccomp"]),
            groups=tuple(info["groups"]),
            shares_pids=info.get("shares_pids") is True,
            chrooted=info.get("chrooted") is True,
            subject=_subject(info.get("subject")),
            personality=_read(LinuxPersonality, info.get("personality")),
            memory_policy=_read(LinuxMemoryPolicy, info.get("memory_policy")),
        )
    except (KeyError, TypeError, ValueError, InvalidSpec):
        return None


def _as_written(name: str, part: Document | None) -> dict[str, object]:
    return {} if part is None else {name: documents.to_json(part)}


def _read(kind: type[T], noted: Any) -> T | None:
    return None if noted is None else documents.read(kind, noted)


def _maps_note(maps: IdMaps | None) -> dict[str, object] | None:
    if maps is None:
        return None
    return {
        "uids": _rows(maps.uids),
        "gids": _rows(maps.gids),
        "single": maps.single,
    }


def _rows(ranges: Iterable[Range]) -> list[list[int]]:
    return [[part.inside, part.outside, part.size] for part in ranges]


def _maps(noted: object) -> IdMaps | None:
    match noted:
        case None:
            return None
        case {"uids": list(uids), "gids": list(gids), "single": bool(single)}:
            return IdMaps(_ranges(uids), _ranges(gids), single)
    raise ValueError("not a note of id maps")


def _ranges(rows: list[list[int]]) -> tuple[Range, ...]:
    return tuple(Range(*row) for row in rows)


def _subject_note(subject: Subject) -> dict[str, object]:
    return {
        "id": subject.id,
        "bundle": subject.bundle,
        "version": subject.version,
        "annotations": dict(subject.annotations or {}),
    }


def _subject(noted: Any) -> Subject | None:
    if noted is None:
        return None
    from cloche_linux.hooks import Subject

    match noted:
        case {
            "id": str(id),
            "bundle": str(bundle),
            "version": str(version),
            "annotations": dict(told),
        }:
            return Subject(id=id, bundle=bundle, version=version, annotations=told or None)
    raise ValueError("not a note of a container")


def _seccomp_note(seccomp: LinuxSeccomp | None) -> object:
    if seccomp is None:
        return None
    from cloche.defaults.profile import DEFAULT_PROFILE

    return _DEFAULT if seccomp is DEFAULT_PROFILE else documents.to_json(seccomp)


def _seccomp(noted: Any) -> LinuxSeccomp | None:
    if noted is None:
        return None
    if noted != _DEFAULT:
        return documents.read(LinuxSeccomp, noted)
    from cloche.defaults.profile import DEFAULT_PROFILE

    return DEFAULT_PROFILE
