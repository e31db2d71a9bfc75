"""The connection of one object with the service: its attachment, renewed when it was lost.

A handle is lost with the service that gave it, or given up in a call that never returned. Either
way the object is still there, and can be opened again by its id.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Generic, TypeVar, TypeVarTuple

from cloche.errors import InvalidState
from cloche_hcs.attachment import Attachment
from cloche_hcs.deadline import Deadline
from cloche_hcs.hresult import LOST
from cloche_hcs.notification import Notification, NotificationType

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.errors import ClocheError
    from cloche_hcs.attachment import Verbs
    from cloche_hcs.vmcompute import Answer

__all__ = ["Link"]

H = TypeVar("H", bound=int)
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Seconds that releasing the handles of a lost service may take.
_FAREWELL: Final = 5.0


class Link(Generic[H]):
    """How one object is reached. All methods may be called on any thread but the pump's.

    ``reopen`` gives a new handle; ``tell`` is given notifications, on the pump's thread; ``lost``
    is called, on any thread, when the service has gone: it must not block.
    """

    def __init__(
        self,
        verbs: Verbs[H],
        container: str,
        *,
        reopen: Callable[[Deadline], H],
        tell: Callable[[Notification], None],
        lost: Callable[[], None],
    ) -> None:
        self._verbs = verbs
        self._container = container
        self._reopen = reopen
        self._tell = tell
        self._lost = lost
        self._renewing = threading.Lock()
        self._attachment: Attachment[H] | None = None
        self._cut = False
        self._closed = False

    @property
    def usable(self) -> bool:
        """Whether there is a handle of which nothing bad is known."""
        return self._attachment is not None and self._attachment.usable and not self._cut

    @property
    def hears(self) -> bool:
        """Whether notifications come."""
        return self._attachment is not None and self._attachment.registered

    def adopt(self, handle: H, deadline: Deadline) -> None:
        """Take a handle over, and register its callback; raises what the service answers.

        The handle is the link's from now on, also if registering fails.
        """
        made: Attachment[H] = Attachment(
            self._verbs, handle, lambda notice: self._hear(made, notice), self._container
        )
        self._attachment = made
        self._cut = False
        made.register(deadline)

    def call(
        self,
        function: Callable[[H, *Ts], Answer[T]],
        *args: *Ts,
        deadline: Deadline,
        late: Callable[[Answer[T]], object] | None = None,
    ) -> Answer[T]:
        """Make a call with the handle, a new one if need be; the answer is not interpreted.

        Raises InvalidState once closed, TimedOut, and what opening anew raises. ``late`` gets an
        answer that comes after TimedOut.
        """
        attachment = self._usable(deadline)
        answer = attachment.call(function, *args, deadline=deadline, late=late)
        if answer.code in LOST:
            self._lose(attachment)
        return answer

    def renew(self, deadline: Deadline) -> None:
        """Open anew if the handle was lost or given up; raises what the service answers."""
        with self._renewing:
            if self._closed or self.usable:
                return
            if self._attachment is not None:
                # It was the lost service's: what can't be released has gone with it.
                self._attachment.release(Deadline(min(_FAREWELL, deadline.left)))
            self._replace(deadline)

    def release(self, deadline: Deadline) -> list[ClocheError]:
        """Give up the handle for good; what went wrong is returned. Repeatable."""
        self._closed = True
        with self._renewing:
            problems = [] if self._attachment is None else self._attachment.release(deadline)
        # What a lost service had given has gone with it.
        return [] if self._cut else problems

    def _replace(self, deadline: Deadline) -> None:
        try:
            self.adopt(self._reopen(deadline), deadline)
        except BaseException:
            if self._attachment is not None:
                self._attachment.release(Deadline(_FAREWELL))
            raise

    def _usable(self, deadline: Deadline) -> Attachment[H]:
        self.renew(deadline)
        if self._attachment is None or self._closed:
            raise InvalidState("it was closed before", container=self._container, backend="hcs")
        return self._attachment

    def _hear(self, attachment: Attachment[H], notification: Notification) -> None:
        if notification.type == NotificationType.SERVICE_DISCONNECT:
            self._lose(attachment)
        self._tell(notification)

    def _lose(self, attachment: Attachment[H]) -> None:
        if attachment is self._attachment and not self._closed:
            self._cut = True
            self._lost()
