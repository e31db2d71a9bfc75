"""What is known of a container here: its record, the runtime's object for it, its ending."""

from __future__ import annotations

from typing import TYPE_CHECKING, AnyStr

from cloche.endings import ending_known, ending_of, note_ending, note_ending_found
from cloche.errors import InvalidState
from cloche.finding import describe, details_of, load, state_of
from cloche.journal import Step
from cloche.process import Process
from cloche.runtime import Lifetime, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.details import Details
    from cloche.exit import Exit, ExitStatus
    from cloche.journal import Entry
    from cloche.made import Made
    from cloche.runtime import RuntimeContainer, RuntimeProcess
    from cloche.spec import Spec
    from cloche.workshop import Workshop

__all__ = ["Known"]


class Known(Process[AnyStr]):
    """A container, as far as it can be known; ``Container`` adds what can be done with it."""

    __slots__ = (
        "_found",
        "_id",
        "_keep",
        "_made",
        "_name",
        "_noted",
        "_noted_start",
        "_shop",
        "_stray",
    )

    def __init__(
        self, shop: Workshop, entry: Entry | None, made: Made | None = None, *, text: bool = False
    ) -> None:
        self._shop = shop
        self._made = made
        #: The runtime's object, where another process made it and this one asked for it.
        self._found: RuntimeContainer | None = None
        self._noted_start = False
        self._noted = False
        #: All that is known of one without a record.
        self._stray = entry if entry is not None and entry.stray else None
        if made is not None:
            super().__init__(made.args, made.container.init, made.streams, text=text)
            self._id, self._name, self._keep = made.record.id, made.record.name, made.keep
            return
        assert entry is not None
        header = entry.header
        super().__init__(header.args if header else (), None, None, text=text)
        self._id, self._name = entry.id, entry.name
        self._keep = header is None or header.keep

    def __repr__(self) -> str:
        return f"<Container {self.name}: {' '.join(self._args)!r}>"

    @property
    def id(self) -> str:
        """The id: generated, unique, unchanged for life."""
        return self._id

    @property
    def name(self) -> str:
        """The name it was given; its id if it was given none."""
        return self._name or self._id

    @property
    def state(self) -> State:
        """What it is doing now: creating, created, running, paused or stopped."""
        if self._made is not None:
            return self._made.container.state()
        return state_of(self._shop, self._entry(), self._found)

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels it was given."""
        header = self._entry().header
        return {} if header is None else header.labels

    @property
    def spec(self) -> Spec:
        """The OCI specification it was made of, read from its record; NotFound if it has none."""
        return self._shop.records.spec(self._id)

    def inspect(self) -> Details:
        """Everything known about it, at this moment; NotFound if it has been removed."""
        if self._made is not None:
            self.poll()
            return details_of(self._shop, self._entry(), self.state)
        entry = self._entry()
        state = state_of(self._shop, entry, self._found)
        if state is State.STOPPED and self._is_unseen(entry):
            self.poll()
            entry = self._entry()
        return details_of(self._shop, entry, state)

    @staticmethod
    def _is_unseen(entry: Entry) -> bool:
        """Whether it has ended, on its own, and nobody was there to note how."""
        header, begun = entry.header, entry.step is Step.STARTING
        return begun and header is not None and header.lifetime == Lifetime.DETACHED

    def _entry(self) -> Entry:
        return self._stray or self._shop.records.read(self._id)

    def _container(self) -> RuntimeContainer:
        """The runtime's object: the one that made it, or found again; NotFound if it is gone."""
        if self._made is not None:
            return self._made.container
        found = self._found or self._reload(self._entry())
        if found is None:
            raise InvalidState(f"{self.name} is stopped", container=self.name)
        return found

    def living(self, verb: str) -> RuntimeContainer:
        """The runtime's object of a container that runs; InvalidState for one that does not."""
        state = self.state
        if state in (State.RUNNING, State.PAUSED):
            return self._container()
        raise InvalidState(
            f"{self.name} is {describe(details_of(self._shop, self._entry(), state))}: "
            f"{verb} needs a running container",
            hint=f"cloche start {self.name}, or run with --idle",
            operation=verb,
            container=self.name,
        )

    def _process(self) -> RuntimeProcess:
        init = self._container().init
        if init is None:
            raise InvalidState(f"{self.name} has no process", container=self.name)
        return init

    @property
    def exit(self) -> Exit:
        """Its ending, for those who wait; InvalidState as long as it has not been started."""
        ending = self._ending()
        if ending is None:
            raise InvalidState(
                f"{self.name} is created: it has not been started",
                hint=f"cloche start {self.name}",
                container=self.name,
            )
        return ending

    @property
    def status(self) -> ExitStatus | None:
        """How it ended, with the reason; None while it runs, and before."""
        ending = self._ending()
        return None if ending is None else self._seen(ending.poll())

    def _ending(self) -> Exit | None:
        if self._made is not None:
            return ending_of(self._made)
        found = self._found
        if found is None or not self._noted_start:
            entry = self._entry()
            if entry.step not in (Step.CREATED, Step.STARTING):
                return ending_known(entry.status)
            found = self._reload(entry)
            if found is not None and state_of(self._shop, entry, found) is State.CREATED:
                return None
        init = None if found is None else found.init
        return ending_known(None) if init is None else init.exit

    def _reload(self, entry: Entry) -> RuntimeContainer | None:
        """Find it, once for the time before its start and once after that."""
        started = entry.step is Step.STARTING
        if self._found is None or started is not self._noted_start:
            if self._found is not None:
                self._found.close()
            self._found = load(self._shop, entry)
            self._noted_start = started
        return self._found

    def _ended(self, status: ExitStatus) -> None:
        if self._made is not None and not self._made.started:
            self._made.failed = status
        self._seen(status)

    def _seen(self, status: ExitStatus | None) -> ExitStatus | None:
        """Note how it ended, for those who ask when this process is gone."""
        if status is not None and not self._noted:
            self._noted = True
            if self._made is not None:
                note_ending(self._shop, self._made, status)
            elif self._stray is None:
                init = self._found.init if self._found else None
                note_ending_found(self._shop, self._id, status, init.ended if init else None)
        return status
