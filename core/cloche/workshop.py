"""The backends and records of one engine, and the way of a request through them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cloche.choice import Chooser
from cloche.errors import AlreadyExists, InvalidSpec, NotSupported, Unavailable
from cloche.events import tell
from cloche.machine import refused
from cloche.making import Making
from cloche.needs import layers_of, wants_of
from cloche.orphans import note_place, release_orphans
from cloche.records import Records
from cloche.runtime import Capability, CreateRequest, Isolation
from cloche.spec import Root
from cloche.specification import group_names, specify
from cloche.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.choice import Opened
    from cloche.config import Settings
    from cloche.creating import Given
    from cloche.images.images import Images
    from cloche.layers import Layer, LayerStore
    from cloche.locations import Locations
    from cloche.made import Made
    from cloche.needs import Wants
    from cloche.plugins import Plugins
    from cloche.request import Asked
    from cloche.runtime import Runtime
    from cloche.spec import Spec
    from cloche.survey import Verdicts

__all__ = ["Workshop"]


_WAITING = {Capability.WAITING_CREATE: "create"}


class Workshop:
    """The backends and records of one engine."""

    def __init__(
        self,
        plugins: Plugins,
        verdicts: Verdicts,
        settings: Settings,
        places: Locations,
        owner: str | None = None,
    ) -> None:
        self.plugins = plugins
        self.verdicts = verdicts
        self.places = places
        self.chooser = Chooser(plugins, verdicts, settings, places, owner)
        self.records = Records(places.run)
        self._cleared: set[str] = set()
        self._images: Images | None = None

    @property
    def images(self) -> Images:
        """The images that are here; made on first use."""
        if self._images is None:
            from cloche.images.images import Images

            self._images = Images(self)
        return self._images

    def make(self, asked: Asked, *, started: bool = True) -> Made:
        """Make a container and start it; on any error nothing of it is left.

        Everything is checked, by core and by the runtime, before anything is made. With ``started``
        False it is left waiting for its start.
        """
        try:
            return self._make(asked, started)
        except OSError as error:
            raise refused(error, "create", operation="create") from error

    def _make(self, asked: Asked, started: bool) -> Made:
        if asked.image is None:
            return self._made(asked, started)
        from cloche.images.using import using_image

        with using_image(self, asked):
            return self._made(asked, started)

    def _made(self, asked: Asked, started: bool) -> Made:
        wants, parameters = wants_of(asked)
        if not started:
            needs = wants.needs | {Capability.WAITING_CREATE}
            wants, parameters = replace(wants, needs=needs), parameters | _WAITING
        request = self._changed(_request(asked, self.records, wants.needs))
        runtime = self._runtime(request, wants, parameters)
        forms = runtime.backend.accepts(request)
        store, form = self.chooser.store(wants, forms)
        self._clear_up(store)
        making = Making(self, asked, request, runtime, store, form)
        if not started:
            return making.create()
        made = making.run()
        tell(self.plugins, "start", made.record.id, asked.name)
        return made

    def create(self, given: Given) -> Made:
        """Make a container from a whole specification, and leave it waiting for its start.

        As ``make``: checked before anything is made, and nothing is left on an error.
        """
        try:
            return self._create(given)
        except OSError as error:
            raise refused(error, "create", operation="create") from error

    def _create(self, given: Given) -> Made:
        asked = given.asked
        if asked.id is not None:
            self.records.check_free(asked.id, any_case=given.section == "windows")
        wants, causes = given.wants()
        request = self._changed(given.request(self.records, wants.needs))
        try:
            runtime = self._runtime(request, wants, causes)
        except (NotSupported, Unavailable):
            self._check_platform(wants, given.section)
            raise
        forms = runtime.backend.accepts(request)
        if wants.in_place and "path" in forms:
            return Making(self, asked, request, runtime, None, "path").create()
        store, form = self.chooser.store(wants, forms)
        self._clear_up(store)
        return Making(self, asked, request, runtime, store, form).create()

    def _check_platform(self, wants: Wants, section: str) -> None:
        """Raise InvalidSpec if no runtime could ever run a container of this platform."""
        usual = replace(wants, needs=frozenset(), isolation=Isolation.PROCESS)
        try:
            self.chooser.runtime(usual, {})
        except NotSupported as error:
            raise InvalidSpec(f"{section}: {error}", path=section, hint=error.hint) from error

    def _runtime(
        self, request: CreateRequest, wants: Wants, parameters: Mapping[Capability, str]
    ) -> Opened[Runtime]:
        """Choose; where only limits stand against it, the runtime itself knows best which."""
        try:
            return self.chooser.runtime(wants, parameters)
        except Unavailable:
            if Capability.LIMITS in wants.needs:
                needs = wants.needs - {Capability.LIMITS}
                runtime = self.chooser.runtime(replace(wants, needs=needs), parameters)
                runtime.backend.accepts(request)
            raise

    def _clear_up(self, store: Opened[LayerStore]) -> None:
        """Before a layer store's first root: what it holds for nobody goes."""
        if store.name not in self._cleared:
            self._cleared.add(store.name)
            note_place(self.places)
            release_orphans(self.places, store.backend, self.strays)

    def strays(self) -> set[str]:
        """Name all containers that services have of ours."""
        from cloche.strays import roll_call

        return {each for statuses in roll_call(self).values() for each in statuses}

    def _changed(self, request: CreateRequest) -> CreateRequest:
        """Let plug-ins change the specification; its root is not theirs."""
        if not self.plugins.changes_specs:
            return request
        spec = self.plugins.change_spec(request)
        return replace(request, spec=spec.replace(root=request.spec.root))

    def make_way(self, name: str, holder: str, *, replace: bool) -> None:
        """Remove the container that has the name, if ``replace``; else AlreadyExists."""
        from cloche.finding import state_of
        from cloche.removal import remove

        if replace:
            remove(self, holder, force=True)
            return
        state = state_of(self, self.records.read(holder))
        raise AlreadyExists(
            f"name in use: {name} ({state.value})",
            hint=f"cloche rm -f {name}, or --replace",
            container=name,
        )


def _request(asked: Asked, records: Records, needs: frozenset[Capability]) -> CreateRequest:
    new = os.urandom(6).hex()
    layers = layers_of(asked)
    return CreateRequest(
        id=new,
        spec=_spec(asked, new, layers),
        image=asked.image,
        layers=layers,
        isolation=asked.isolation,
        needs=needs,
        lifetime=asked.lifetime,
        state=Path(records.directory(new)),
        preserve_fds=asked.preserve_fds,
        init=asked.init,
        idle=asked.idle,
        groups=group_names(asked),
        files=asked.files,
        unenforced=asked.allow_unenforced,
        size=asked.storage_size,
    )


def _spec(asked: Asked, id: str, layers: tuple[Layer, ...]) -> Spec:
    """Build the specification; which platform's, the layers say."""
    if any(layer.kind == "windows" for layer in layers):
        from cloche.windows_specification import specify_windows

        return specify_windows(asked, id, layers)
    # A placeholder, until the layer store has made the root: most have no path of their own.
    root = Root(path="rootfs", readonly=True if asked.read_only else None)
    return specify(asked, id).replace(root=root)
