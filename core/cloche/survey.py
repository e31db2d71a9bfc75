"""What is known about the installed backends on this machine: verdicts, asked for and kept."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Literal

from cloche.probe import Supported, Unsupported
from cloche.runtime import Capability
from cloche.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cloche.plugins import D, Offer, Plugins
    from cloche.probe import Verdict

__all__ = ["Backend", "Verdicts", "survey"]


class Backend(Value, kw_only=True):
    """What is known about one installed backend on this machine."""

    kind: Literal["runtime", "layer store", "stdio driver"]
    name: str
    available: bool
    #: 0 to 100; None where it is not available.
    score: int | None = None
    #: Why it is not available, in one line.
    reason: str | None = None
    #: What would make it available.
    remedy: str | None = None
    #: What it can do here (runtimes only).
    capabilities: frozenset[Capability] = frozenset()
    #: What it could do elsewhere, each with the reason why not here.
    missing: tuple[tuple[Capability, str], ...] = ()
    notes: tuple[str, ...] = ()
    #: The distribution it comes from, and its version.
    distribution: str | None = None
    version: str | None = None


class Verdicts:
    """Probes each backend once, and remembers across processes what works.

    What is remembered never refuses: a backend that did not work is asked again. On disk, a verdict
    holds for one version of the plug-in, one binary, one user and one boot of the machine. A
    damaged file is as good as none.
    """

    def __init__(self, directory: str) -> None:
        self._file = os.path.join(directory, "verdicts.json")
        self._known: dict[str, Verdict] = {}
        self._kept: dict[str, Supported] | None = None

    def of(self, offer: Offer[D], argument: str | None = None, *, fresh: bool = False) -> Verdict:
        """Say whether a backend works here; ``fresh`` asks it, whatever is remembered."""
        key = _key(offer, argument)
        if not fresh and key in self._known:
            return self._known[key]
        if self._kept is None:
            self._kept = _read(self._file)
        verdict: Verdict | None = None if fresh else self._kept.get(key)
        if verdict is None:
            verdict = _probe(offer, argument)
            self._keep(key, verdict)
        self._known[key] = verdict
        return verdict

    def has(self, offer: Offer[D]) -> bool:
        """Say whether the backend was asked already, and remembered."""
        if self._kept is None:
            self._kept = _read(self._file)
        key = _key(offer, None)
        return key in self._known or key in self._kept

    def _keep(self, key: str, verdict: Verdict) -> None:
        kept = self._kept = {} if self._kept is None else self._kept
        before = kept.pop(key, None)
        if isinstance(verdict, Supported):
            kept[key] = verdict
        if kept.get(key) != before:
            _write(self._file, kept)


def _probe(offer: Offer[D], argument: str | None) -> Verdict:
    descriptor = offer.descriptor
    try:
        verdict = descriptor.probe(argument)
    except Exception as error:  # noqa: BLE001 - a probe that fails is an answer
        return Unsupported(f"its probe failed: {type(error).__name__}: {error}")
    if isinstance(verdict, Supported) and verdict.score > descriptor.ceiling:
        return Supported(descriptor.ceiling, verdict.missing, verdict.notes)
    return verdict


def _key(offer: Offer[D], argument: str | None) -> str:
    descriptor = offer.descriptor
    module = sys.modules.get(getattr(descriptor.probe, "__module__", ""))
    files = (getattr(module, "__file__", None), _program(argument))
    times = ":".join(str(_changed(file)) for file in files)
    kind = type(descriptor).__name__
    return f"{kind}:{descriptor.name}:{argument}:{offer.origin}:{times}"


def _program(argument: str | None) -> str | None:
    """The program that a backend's argument names, if it names one (``oci:runc``)."""
    if not argument or os.path.basename(argument) != argument:
        return argument
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return next((p for d in places if os.access(p := os.path.join(d, argument), os.X_OK)), None)


def _changed(file: str | None) -> int:
    try:
        return os.stat(file).st_mtime_ns if file else 0
    except OSError:
        return 0


def _circumstances() -> list[str | int]:
    """What every verdict on disk depends on."""
    from cloche.locations import this_user
    from cloche.owners import boot_id

    return [this_user(), boot_id(), sys.version]


def _read(path: str) -> dict[str, Supported]:
    import json

    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        if document["circumstances"] != _circumstances():
            return {}
        return {key: _supported(**value) for key, value in document["verdicts"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _supported(score: int, missing: Mapping[str, str], notes: list[str]) -> Supported:
    return Supported(int(score), {Capability(k): v for k, v in missing.items()}, tuple(notes))


def _write(path: str, verdicts: Mapping[str, Supported]) -> None:
    import json

    from cloche._disk import replace

    table = {
        key: {"score": v.score, "missing": dict(v.missing), "notes": list(v.notes)}
        for key, v in verdicts.items()
    }
    draft = f"{path}.{os.getpid()}"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"circumstances": _circumstances(), "verdicts": table}, file)
        replace(draft, path)
    except OSError:  # remembering saves time, no more
        return


def survey(plugins: Plugins, verdicts: Verdicts) -> Iterator[Backend]:
    """Ask every installed backend whether it works here."""
    for runtime in plugins.runtimes.values():
        yield _backend("runtime", runtime, verdicts.of(runtime, fresh=True))
    for store in plugins.layer_stores.values():
        yield _backend("layer store", store, verdicts.of(store, fresh=True))
    for driver in plugins.stdio_drivers.values():
        yield _backend("stdio driver", driver, verdicts.of(driver, fresh=True))


def _backend(
    kind: Literal["runtime", "layer store", "stdio driver"], offer: Offer[D], verdict: Verdict
) -> Backend:
    name, origin = offer.descriptor.name, (offer.distribution or None, offer.version or None)
    if isinstance(verdict, Unsupported):
        return Backend(
            kind=kind,
            name=name,
            available=False,
            reason=verdict.reason,
            remedy=verdict.remedy,
            distribution=origin[0],
            version=origin[1],
        )
    able: frozenset[Capability] = getattr(offer.descriptor, "capabilities", frozenset())
    return Backend(
        kind=kind,
        name=name,
        available=True,
        score=verdict.score,
        capabilities=able - verdict.missing.keys(),
        missing=tuple(verdict.missing.items()),
        notes=verdict.notes,
        distribution=origin[0],
        version=origin[1],
    )
