"""Choose backends: what was named, else the best score among those that have what is needed."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from cloche.needs import Wants
from cloche.probe import Unsupported
from cloche.refusals import Refusal, inability, not_installed, nothing_left, refusal_of
from cloche.runtime import BackendContext, Capability, RuntimeDescriptor
from cloche.stdio import StdioDescriptor
from cloche.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from cloche.config import Settings
    from cloche.layers import Layer, LayerStore
    from cloche.locations import Locations
    from cloche.plugins import D, Offer, Plugins
    from cloche.probe import Verdict
    from cloche.runtime import Runtime
    from cloche.stdio import StdioDriver
    from cloche.survey import Verdicts

__all__ = ["Chooser", "Opened"]

B = TypeVar("B", "Runtime", "LayerStore", "StdioDriver")
_StoreKey: TypeAlias = tuple[str | None, tuple[str, ...], frozenset[str]]


class Opened(Value, Generic[B]):
    """A backend in use. ``name`` has the argument, if it was given one (``oci:runc``)."""

    name: str
    backend: B
    #: The forms of stream end that a runtime takes, or a driver gives.
    forms: frozenset[str] = frozenset()


class Chooser:
    """Chooses and opens backends, each once; thread-safe."""

    def __init__(
        self,
        plugins: Plugins,
        verdicts: Verdicts,
        settings: Settings,
        places: Locations,
        owner: str | None = None,
    ) -> None:
        self._owner = owner
        self._plugins = plugins
        self._verdicts = verdicts
        self._settings = settings
        self._places = places
        self._lock = Lock()
        self._runtimes: dict[Wants, Opened[Runtime]] = {}
        self._stores: dict[_StoreKey, tuple[Opened[LayerStore], str]] = {}
        self._drivers: dict[tuple[str, bool], Opened[StdioDriver]] = {}
        self._open: dict[tuple[type, str], Opened[Any]] = {}

    def runtime(self, wants: Wants, asked_for: Mapping[Capability, str]) -> Opened[Runtime]:
        """Choose a runtime; ``asked_for`` names the parameter behind each need, for errors.

        Raises NotSupported if none ever could, Unavailable if none can here and now; the error
        quotes what each of them says.
        """
        found = self._runtimes.get(wants)
        if found is None:
            name = wants.runtime or self._settings.runtime
            found = self._runtimes[wants] = self._choose_runtime(name, wants, asked_for)
        return found

    def runtime_called(self, name: str) -> Opened[Runtime]:
        """Open the runtime of a record; Unavailable if it is not installed."""
        return self._opened(*self._named("runtime", name, self._plugins.runtimes)[0])

    def runtimes_here(self, able: Capability | None = None) -> Iterable[Opened[Runtime]]:
        """Open every runtime that works here, and that is ``able``."""
        all_ = self._plugins.runtimes.items()
        return self._here({n: o for n, o in all_ if not able or able in o.descriptor.capabilities})

    def _choose_runtime(
        self, name: str | None, wants: Wants, asked_for: Mapping[Capability, str]
    ) -> Opened[Runtime]:
        refusals: list[Refusal] = []
        candidates: list[tuple[Offer[RuntimeDescriptor], str | None]] = []
        for offer, argument in self._named("runtime", name, self._plugins.runtimes):
            refusal = self._never(offer.descriptor, wants, asked_for)
            if refusal is None:
                candidates.append((offer, argument))
            else:
                refusals.append(refusal)
        best = self._best(candidates, refusals, wants.needs, asked_for)
        if best is None:
            raise nothing_left("runtime", refusals, asked_for, self._plugins.runtimes)
        return self._opened(*best)

    def _never(
        self, descriptor: RuntimeDescriptor, wants: Wants, asked_for: Mapping[Capability, str]
    ) -> Refusal | None:
        """What stands against a runtime on every machine."""
        lacking = sorted(wants.needs - descriptor.capabilities)
        if lacking:
            parameter = asked_for.get(lacking[0], "")
            what = f"{parameter}: {inability(lacking[0])}".removeprefix(": ")
            return Refusal(descriptor.name, what, never=True)
        if wants.isolation not in descriptor.isolations:
            what = f"it has no {wants.isolation.value} isolation"
            return Refusal(descriptor.name, what, never=True)
        if "image" in descriptor.roots or (wants.in_place and "path" in descriptor.roots):
            return None
        if self._roots(wants).intersection(descriptor.roots):
            return None
        return Refusal(descriptor.name, "no layer store makes roots for it", never=True)

    def _roots(self, wants: Wants) -> set[str]:
        name = wants.layer_store or self._settings.layer_store
        return {
            form
            for store, _ in self._named("layer_store", name, self._plugins.layer_stores)
            if wants.kinds <= store.descriptor.kinds
            for form in store.descriptor.offers
        }

    def store(self, wants: Wants, forms: Sequence[str]) -> tuple[Opened[LayerStore], str]:
        """Choose a layer store for the best form of root on offer; the store and the form.

        Raises Unavailable, quoting what each store says.
        """
        key = (wants.layer_store, tuple(forms), wants.kinds)
        found = self._stores.get(key)
        if found is None:
            found = self._stores[key] = self._choose_store(wants, forms)
        return found

    def store_of(
        self, name: str | None, layers: Iterable[Layer], forms: Sequence[str]
    ) -> tuple[Opened[LayerStore], str]:
        """Choose as ``store`` does, for these layers."""
        kinds = frozenset(layer.kind for layer in layers)
        return self.store(Wants(layer_store=name, kinds=kinds), forms)

    def _choose_store(self, wants: Wants, forms: Sequence[str]) -> tuple[Opened[LayerStore], str]:
        name = wants.layer_store or self._settings.layer_store
        offers = self._named("layer_store", name, self._plugins.layer_stores)
        refusals: list[Refusal] = []
        for form in forms:
            able = [
                (offer, argument)
                for offer, argument in offers
                if form in offer.descriptor.offers and wants.kinds <= offer.descriptor.kinds
            ]
            best = self._best(able, refusals)
            if best is not None:
                return self._opened(*best), form
        refusals = refusals or [
            Refusal(offer.descriptor.name, f"makes no {' or '.join(forms)} of this", never=True)
            for offer, _ in offers
        ]
        raise nothing_left("layer store", refusals, {}, self._plugins.layer_stores)

    def stores_here(self) -> Iterable[Opened[LayerStore]]:
        """Open every layer store that works here and may hold something.

        One that has no home, and was never asked whether it works, is not: some try by mounting.
        """
        offers = self._plugins.layer_stores.items()
        return self._here(
            {n: o for n, o in offers if self._verdicts.has(o) or self._home(n).exists()}
        )

    def store_called(self, name: str) -> Opened[LayerStore]:
        """Open the layer store of a record; Unavailable if it is not installed."""
        return self._opened(*self._named("layer_store", name, self._plugins.layer_stores)[0])

    def driver(self, name: str) -> Opened[StdioDriver]:
        """Open the stdio driver of this name; Unavailable if there is none."""
        return self._driver(name, terminal=False)

    def terminal_driver(self, name: str | None) -> Opened[StdioDriver]:
        """Choose a stdio driver that gives terminals; NotSupported or Unavailable if none does."""
        return self._driver(name or self._settings.stdio_driver or "", terminal=True)

    def _driver(self, name: str, *, terminal: bool) -> Opened[StdioDriver]:
        key = (name, terminal)
        found = self._drivers.get(key)
        if found is None:
            able: list[tuple[Offer[StdioDescriptor], str | None]] = []
            refusals: list[Refusal] = []
            for offer, argument in self._named("stdio_driver", name, self._plugins.stdio_drivers):
                if terminal and not offer.descriptor.terminal:
                    refusals.append(
                        Refusal(offer.descriptor.name, "it has no terminals", never=True)
                    )
                else:
                    able.append((offer, argument))
            best = self._best(able, refusals)
            if best is None:
                raise nothing_left("stdio driver", refusals, {}, self._plugins.stdio_drivers)
            found = self._drivers[key] = self._opened(*best)
        return found

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            opened = list(self._open.values())
            for table in (self._open, self._runtimes, self._stores, self._drivers):
                table.clear()
        for one in opened:
            close = getattr(one.backend, "close", None)
            if close is not None:
                close()

    def _here(self, offers: Mapping[str, Offer[D]]) -> Iterable[Opened[Any]]:
        for offer in offers.values():
            if not isinstance(self._verdicts.of(offer), Unsupported):
                yield self._opened(offer, None)

    def _named(
        self, parameter: str, name: str | None, offers: Mapping[str, Offer[D]]
    ) -> list[tuple[Offer[D], str | None]]:
        """The one that was named, or all."""
        if not name:
            return [(offer, None) for offer in offers.values()]
        base, colon, argument = name.partition(":")
        if base not in offers:
            raise not_installed(parameter, name, self._said_by(parameter, name), offers)
        return [(offers[base], argument if colon else None)]

    def _said_by(self, parameter: str, name: str) -> str:
        """Where a name comes from: a parameter, or what stands for it."""
        meant = getattr(self._settings, parameter) == name
        return (meant and self._settings.sources.get(parameter)) or parameter

    def _best(
        self,
        candidates: Iterable[tuple[Offer[D], str | None]],
        refusals: list[Refusal],
        needs: frozenset[Capability] = frozenset(),
        asked_for: Mapping[Capability, str] = {},
    ) -> tuple[Offer[D], str | None] | None:
        """Probe from the highest ceiling, until none that is left can beat the best."""
        best: tuple[Offer[D], str | None] | None = None
        score = -1
        for offer, argument in sorted(candidates, key=_rank):
            if offer.descriptor.ceiling <= score:
                break
            verdict = self._verdict(offer, argument, needs)
            refusal = refusal_of(offer.descriptor.name, verdict, needs, asked_for)
            if refusal is not None:
                refusals.append(refusal)
            elif not isinstance(verdict, Unsupported) and verdict.score > score:
                best, score = (offer, argument), verdict.score
        return best

    def _verdict(
        self, offer: Offer[D], argument: str | None, needs: frozenset[Capability]
    ) -> Verdict:
        """What is remembered, unless it refuses: that has to be asked anew."""
        verdict = self._verdicts.of(offer, argument)
        if isinstance(verdict, Unsupported) or needs.isdisjoint(verdict.missing):
            return verdict
        return self._verdicts.of(offer, argument, fresh=True)

    def _opened(self, offer: Offer[D], argument: str | None) -> Opened[Any]:
        name = offer.descriptor.name if argument is None else f"{offer.descriptor.name}:{argument}"
        key = (type(offer.descriptor), name)
        with self._lock:
            found = self._open.get(key)
            if found is None:
                backend = offer.descriptor.open(self._context(offer.descriptor.name, argument))
                found = self._open[key] = Opened(name, backend, _forms(offer.descriptor))
        return found

    def _context(self, name: str, argument: str | None) -> BackendContext:
        from cloche.marks import mark_of

        owner = self._owner or mark_of(self._places)
        return BackendContext(home=self._home(name), owner=owner, argument=argument)

    def _home(self, name: str) -> Path:
        from pathlib import Path

        return Path(self._places.data, name)


def _forms(descriptor: object) -> frozenset[str]:
    if isinstance(descriptor, RuntimeDescriptor):
        return descriptor.stdio
    return descriptor.forms if isinstance(descriptor, StdioDescriptor) else frozenset()


def _rank(candidate: tuple[Offer[D], str | None]) -> tuple[int, str]:
    descriptor = candidate[0].descriptor
    return -descriptor.ceiling, descriptor.name
