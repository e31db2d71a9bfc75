"""Load plug-ins, check their hooks, and gather what they offer."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import pluggy

from cloche import hookspecs
from cloche.errors import AlreadyExists
from cloche.layers import LayerStoreDescriptor
from cloche.runtime import RuntimeDescriptor
from cloche.stdio import StdioDescriptor
from cloche.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cloche.discovery import EntryPoint
    from cloche.events import Event
    from cloche.runtime import CreateRequest
    from cloche.spec import Spec

__all__ = ["D", "Offer", "PluginWarning", "Plugins"]

Descriptor: TypeAlias = RuntimeDescriptor | LayerStoreDescriptor | StdioDescriptor
D = TypeVar("D", RuntimeDescriptor, LayerStoreDescriptor, StdioDescriptor)


class PluginWarning(UserWarning):
    """A plug-in is broken and left out, or one of its observers failed; the text names it."""


class Offer(Value, Generic[D]):
    """A descriptor, and who offers it."""

    descriptor: D
    #: Name of the plug-in: of its entry point, or as pluggy calls it.
    plugin: str
    distribution: str = ""
    version: str = ""

    @property
    def origin(self) -> str:
        """The distribution and version it comes from, for people."""
        return f"{self.distribution} {self.version}".strip() or self.plugin


class Plugins:
    """The plug-ins of one engine."""

    def __init__(self) -> None:
        self.runtimes: dict[str, Offer[RuntimeDescriptor]] = {}
        self.layer_stores: dict[str, Offer[LayerStoreDescriptor]] = {}
        self.stdio_drivers: dict[str, Offer[StdioDescriptor]] = {}
        self._loaded = pluggy.PluginManager("cloche")
        self._origins: dict[str, EntryPoint] = {}
        self._changers: list[pluggy.HookImpl] = []
        self._observers: list[pluggy.HookImpl] = []

    @classmethod
    def load(cls, names: Sequence[str] | None = None, extra: Sequence[object] = ()) -> Plugins:
        """Load the installed plug-ins (of these names; all for None) and the objects ``extra``.

        A broken plug-in is left out with a PluginWarning that names its distribution. Raises
        AlreadyExists if two plug-ins offer a backend of one name.
        """
        self = cls()
        self._loaded.add_hookspecs(hookspecs)
        if names is None or names:
            self._load_installed(names)
        for plugin in extra:
            self._register(plugin, getattr(plugin, "__name__", type(plugin).__name__))
        self._gather(self.runtimes, "cloche_runtimes", RuntimeDescriptor)
        self._gather(self.layer_stores, "cloche_layer_stores", LayerStoreDescriptor)
        self._gather(self.stdio_drivers, "cloche_stdio_drivers", StdioDescriptor)
        self._changers = sorted(self._implementations("cloche_prepare_spec"), key=_plugin_name)
        self._observers = list(self._implementations("cloche_event"))
        return self

    @property
    def changes_specs(self) -> bool:
        """Whether anybody changes specifications."""
        return bool(self._changers)

    def change_spec(self, request: CreateRequest) -> Spec:
        """Apply the plug-ins' changes to the specification, in the order of their names."""
        spec = request.spec
        for changer in self._changers:
            change: Callable[[Spec], Spec] | None = _call(changer, request=request)
            if change is not None:
                spec = change(spec)
        return spec

    @property
    def observed(self) -> bool:
        """Whether anybody wants to hear of events."""
        return bool(self._observers)

    def tell(self, event: Event) -> None:
        """Tell all observers; their errors become warnings."""
        for observer in self._observers:
            try:
                _call(observer, event=event)
            except Exception as error:  # noqa: BLE001 - a stranger's code, and nothing depends on it
                self._warn(observer.plugin_name, f"failed at the event {event.kind}", error)

    def _load_installed(self, names: Sequence[str] | None) -> None:
        from cloche.discovery import entry_points

        for entry in entry_points("cloche"):
            if (names is None or entry.name in names) and entry.name not in self._origins:
                self._origins[entry.name] = entry
                self._import(entry)

    def _import(self, entry: EntryPoint) -> None:
        try:
            plugin: object = entry.load()
        except Exception as error:  # noqa: BLE001 - a stranger's module may raise anything
            self._warn(entry.name, "is left out", error)
        else:
            self._register(plugin, entry.name)

    def _register(self, plugin: object, name: str) -> None:
        try:
            self._loaded.register(plugin, name)
            self._loaded.check_pending()
        except Exception as error:  # noqa: BLE001 - pluggy looks at every attribute there is
            if self._loaded.has_plugin(name):
                self._loaded.unregister(name=name)
            self._warn(name, "is left out", error)

    def _gather(self, offers: dict[str, Offer[D]], hook: str, kind: type[D]) -> None:
        for implementation in self._implementations(hook):
            try:
                offered = list(_call(implementation))
                wrong = [item for item in offered if not isinstance(item, kind)]
                if wrong:
                    raise TypeError(f"{hook} must return {kind.__name__}s, not {wrong[0]!r}")
            except Exception as error:  # noqa: BLE001 - a stranger's function may raise anything
                self._warn(implementation.plugin_name, "is left out", error)
            else:
                for descriptor in offered:
                    self._add(offers, self._offer(descriptor, implementation.plugin_name))

    def _offer(self, descriptor: D, plugin: str) -> Offer[D]:
        entry = self._origins.get(plugin)
        if entry is None:
            return Offer(descriptor, plugin)
        return Offer(descriptor, plugin, entry.distribution, entry.version)

    @staticmethod
    def _add(offers: dict[str, Offer[D]], offer: Offer[D]) -> None:
        name = offer.descriptor.name
        rival = offers.setdefault(name, offer)
        if rival is not offer:
            raise AlreadyExists(
                f"two plug-ins offer a backend named {name}: {rival.plugin} ({rival.origin}) "
                f"and {offer.plugin} ({offer.origin})",
                hint="uninstall one of them, or name the plug-ins to load in CLOCHE_PLUGINS",
                backend=name,
            )

    def _implementations(self, hook: str) -> Iterator[pluggy.HookImpl]:
        caller: pluggy.HookCaller = getattr(self._loaded.hook, hook)
        return reversed(caller.get_hookimpls())

    def _warn(self, plugin: str, what: str, error: Exception) -> None:
        entry = self._origins.get(plugin)
        origin = f" of {entry.distribution} {entry.version}".rstrip() if entry else ""
        text = f"plug-in {plugin}{origin} {what}: {type(error).__name__}: {error}"
        warnings.warn(text, PluginWarning, stacklevel=2)


def _plugin_name(implementation: pluggy.HookImpl) -> str:
    return implementation.plugin_name


def _call(implementation: pluggy.HookImpl, **arguments: object) -> Any:
    """Call one implementation with those arguments it has asked for."""
    return implementation.function(*(arguments[name] for name in implementation.argnames))
