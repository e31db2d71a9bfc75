"""systemd's manager, the machine's or a user's: what it does for us, and its errors as ours.

Source: org.freedesktop.systemd1(5).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from cloche.errors import AlreadyExists, BackendError, NotFound, TimedOut, Unavailable
from cloche_linux.systemd.bus import Bus, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cloche_linux.systemd.bus import Signal

__all__ = ["Manager", "Property", "check_here", "is_here"]

#: A unit's property: its name, and a variant.
Property = tuple[str, tuple[str, object]]

#: Seconds for systemd to answer, and to finish a job.
PATIENCE = 30.0

_NAME = "org.freedesktop.systemd1"
_PATH = "/org/freedesktop/systemd1"
_INTERFACE = f"{_NAME}.Manager"
_REMEDY = "use --cgroup-manager cgroupfs"


def addresses(*, user: bool) -> Iterator[tuple[str, bool]]:
    """Yield the sockets at which a manager may be reached, and whether it is itself behind them."""
    if not user:
        yield from _parsed(os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", ""))
        yield "/run/dbus/system_bus_socket", False
        yield "/run/systemd/private", True
        return
    yield from _parsed(os.environ.get("DBUS_SESSION_BUS_ADDRESS", ""))
    if (runtime := os.environ.get("XDG_RUNTIME_DIR", "")) != "":
        yield f"{runtime}/bus", False
        yield f"{runtime}/systemd/private", True


def _parsed(addresses: str) -> Iterator[tuple[str, bool]]:
    """Read the addresses of sockets out of a bus's; other transports are passed over."""
    for address in addresses.split(";"):
        transport, _, rest = address.partition(":")
        pairs = [word.partition("=") for word in rest.split(",")]
        words = {name: value for name, _, value in pairs}
        if transport == "unix" and "path" in words:
            yield words["path"], False
        elif transport == "unix" and "abstract" in words:
            yield f"\0{words['abstract']}", False


def is_here(*, user: bool) -> bool:
    """Whether there is a socket of such a manager's, or of a bus that may lead to it."""
    if not user and not os.path.isdir("/run/systemd/system"):
        return False
    places = [address for address, _ in addresses(user=user)]
    return any(place[:1] == "\0" or os.path.exists(place) for place in places)


def check_here(*, user: bool) -> None:
    """Raise Unavailable, with the remedy, where no such manager can be."""
    if not is_here(user=user):
        whose = "no user manager of systemd's runs" if user else "systemd does not run"
        raise _unavailable(f"{whose} here")


class Manager:
    """A connection to one manager; for one thread at a time.

    Every method raises BackendError in systemd's own words, TimedOut if it does not answer, and
    Unavailable if the connection is lost.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._listens = False

    @classmethod
    @contextmanager
    def open(cls, *, user: bool) -> Iterator[Manager]:
        """Connect to the manager of the machine or of this user; Unavailable if there is none."""
        check_here(user=user)
        bus = _connected(user=user)
        try:
            yield cls(bus)
        finally:
            bus.close()

    def start_scope(self, unit: str, properties: Sequence[Property]) -> None:
        """Make a transient scope of what PIDs names; returns when it is there.

        Raises AlreadyExists for a unit that is there and has not failed.
        """
        self._listen()
        job = self._start(unit, properties)
        self._finish(job, unit)

    def stop(self, unit: str) -> None:
        """End a unit with all its processes; one that is not there is fine."""
        self._listen()
        try:
            job = self._call("StopUnit", "ss", unit, "replace")[0]
            self._finish(str(job), unit, results=("done", "skipped"))
        except NotFound:
            return

    def kill(self, unit: str) -> None:
        """Send SIGKILL to all of a unit; one that is not there, or is empty, is fine.

        Without it a stop waits for processes that do not heed SIGTERM.
        """
        try:
            self._call("KillUnit", "ssi", unit, "all", 9)
        except NotFound:
            return

    def reset(self, unit: str) -> None:
        """Have systemd forget that a unit has failed; one that is not there is fine."""
        try:
            self._call("ResetFailedUnit", "s", unit)
        except NotFound:
            return

    def set_properties(self, unit: str, properties: Sequence[Property]) -> None:
        """Change properties of a unit for as long as it is there."""
        self._call("SetUnitProperties", "sba(sv)", unit, True, properties)

    def attach(self, unit: str, group: str, pid: int) -> None:
        """Move a process into a group beneath a unit's own (which ``/`` is)."""
        self._call("AttachProcessesToUnit", "ssau", unit, group, [pid])

    def read(self, name: str) -> object:
        """Read one of the manager's own properties."""
        values = self._call(
            "Get", "ss", _INTERFACE, name, interface="org.freedesktop.DBus.Properties"
        )
        return cast("tuple[str, object]", values[0])[1]

    def _start(self, unit: str, properties: Sequence[Property]) -> str:
        none: list[object] = []
        arguments = (unit, "fail", properties, none)
        signature = "ssa(sv)a(sa(sv))"
        try:
            return str(self._call("StartTransientUnit", signature, *arguments)[0])
        except AlreadyExists:
            # One that has failed stays until somebody says that it may go.
            self.reset(unit)
            return str(self._call("StartTransientUnit", signature, *arguments)[0])

    def _listen(self) -> None:
        """Have jobs' ends told to us: by the bus, and by systemd to the bus."""
        if self._listens:
            return
        with _translated("Subscribe", ""):
            self._bus.listen(f"type='signal',interface='{_INTERFACE}',member='JobRemoved'")
        self._call("Subscribe")
        self._listens = True

    def _finish(self, job: str, unit: str, results: Sequence[str] = ("done",)) -> None:
        with _translated("JobRemoved", unit):
            signal = self._bus.wait(_is_end_of(job))
        if (result := signal.body[3]) not in results:
            raise BackendError(f"systemd: the job for {unit} ended as {result}", step="JobRemoved")

    def _call(
        self, method: str, signature: str = "", *values: object, interface: str = _INTERFACE
    ) -> Sequence[object]:
        with _translated(method, str(values[0]) if values else ""):
            return self._bus.call(_NAME, _PATH, interface, method, signature, *values)


def _is_end_of(job: str) -> Callable[[Signal], bool]:
    return lambda signal: (
        signal.member == "JobRemoved" and len(signal.body) > 3 and signal.body[1] == job
    )


def _connected(*, user: bool) -> Bus:
    failed: OSError | None = None
    for address, direct in addresses(user=user):
        try:
            return Bus(address, patience=PATIENCE, direct=direct)
        except TimeoutError as error:
            raise _silent() from error
        except OSError as error:
            # That one of the places is empty says less than why another did not do.
            failed = error if failed is None or isinstance(failed, FileNotFoundError) else failed
    whose = "the user manager of systemd" if user else "systemd"
    why = "it has no socket" if failed is None else failed.strerror or str(failed)
    raise _unavailable(f"{whose} can't be reached ({why})") from failed


@contextmanager
def _translated(method: str, unit: str) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise _refusal(error, method, unit) from error
    except TimeoutError as error:
        raise _silent() from error
    except OSError as error:
        raise _unavailable(f"the connection to systemd is lost ({error})") from error


def _refusal(error: Refused, method: str, unit: str) -> Exception:
    kind = error.name.rpartition(".")[2]
    if kind == "UnitExists":
        return AlreadyExists(f"systemd: {error}", operation="create", hint="delete it first")
    if kind in ("NoSuchUnit", "NoSuchProcess"):
        return NotFound(f"systemd: {error}")
    if kind in ("ServiceUnknown", "NameHasNoOwner") or ".Spawn." in error.name:
        return _unavailable("there is no systemd at the bus")
    if kind in ("AccessDenied", "InteractiveAuthorizationRequired"):
        return _unavailable(f"systemd does not let us {method}: {error}")
    return BackendError(f"systemd: {error}", step=method, path=unit)


def _silent() -> TimedOut:
    message = f"systemd did not answer within {PATIENCE:g} s"
    return TimedOut(message, hint=f"look at systemctl list-jobs, or {_REMEDY}")


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(reason, reason=reason, remedy=_REMEDY)
