"""A process under way, from the helper's first word to the workload's last.

One :class:`Child` for each process, without a thread or a poll loop: ``pidfd`` becomes readable
when it has ended. Everything here may be called on any thread.
"""

from __future__ import annotations

import errno
import os
from _thread import allocate_lock
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from cloche.interrupts import interruptible
from cloche.signalling import signal
from cloche_linux._native import ffi, lib
from cloche_linux.calls import check
from cloche_linux.failures import StepFailed, told
from cloche_linux.members import only_child
from cloche_linux.packets import Packet, drop, receive
from cloche_linux.protocol import KEPT, NEW_PID_NAMESPACE, Message
from cloche_linux.steps import Step

_UNKNOWN = -1
_RUNNING = -2
_NOTHING: Mapping[Message, Callable[[Packet], None]] = {}

#: Takes what answers for a filter to whoever listens: the descriptor, which stays the caller's, and
#: the pid of the process that has the filter.
Deliver = Callable[[int, int], None]


class Child:
    """A process under way: set up, then started, then ended.

    It does not end with this object: ``close`` gives up the descriptors only. Before :meth:`start`
    it does end, since the helper waits for a word that can no longer come.
    """

    __slots__ = ("_control", "_helper", "_left", "_status", "origins", "pid", "pidfd")

    pid: int
    """In our pid namespace. With FORK or KEEP in the plan, of the first helper at first."""
    pidfd: int
    """Readable when the process has ended. Owned by this object: duplicate it to keep it."""
    origins: tuple[str, ...]
    """What each step of its plan comes from, to say so of the one that fails; may be empty."""

    def __init__(self, pid: int, pidfd: int, control: int) -> None:
        self.origins = ()
        self.pid, self.pidfd, self._control = pid, pidfd, control
        self._helper = -1
        self._left = False
        self._status = _RUNNING

    def leave_end(self) -> None:
        """Reap the process only if asked how it ended: else that is for whoever adopts it.

        A caller's subreaper waits for what a runtime has started, and learns nothing of a process
        that was reaped here while the runtime was on its way out.
        """
        self._left = True

    def wait_maps(self, timeout: float | None = None) -> int:
        """Wait until the helper asks for id maps; returns the pid to write them for.

        Raises StepFailed, or TimeoutError.
        """
        self._expect(Message.NEED_MAPS, timeout)
        return self.pid

    def maps_done(self) -> None:
        """Tell the helper that its id maps are written."""
        self._say(Message.MAPS_DONE)

    def wait_group(self, timeout: float | None = None) -> int:
        """Wait until the helper asks to be moved into its control group; returns its pid.

        Raises StepFailed, or TimeoutError.
        """
        self._expect(Message.NEED_GROUP, timeout)
        return self.pid

    def group_done(self) -> None:
        """Tell the helper that it is in its control group."""
        self._say(Message.GROUP_DONE)

    def wait_hooks(self, timeout: float | None = None) -> int:
        """Wait until hooks may run, before the root is entered; returns the container's pid.

        Raises StepFailed, or TimeoutError.
        """
        self._expect(Message.HOOKS, timeout)
        return self.pid

    def hooks_done(self) -> None:
        """Tell the helper that the hooks have run."""
        self._say(Message.HOOKS_DONE)

    def wait_ready(self, timeout: float | None = None) -> int | None:
        """Wait until all is set up; returns the terminal's master, the caller's to close, or None.

        Seconds; None waits for ever. Ctrl-C interrupts. Raises StepFailed, or TimeoutError, which
        leaves the child as it is.
        """
        fd = self._expect(Message.READY, timeout).fd
        return None if fd < 0 else fd

    def start(self, timeout: float | None = None, deliver: Deliver | None = None) -> None:
        """Let the workload run and wait until it is executed.

        Raises StepFailed, ExecFailed, or TimeoutError. Where its filter asks a listener,
        ``deliver`` takes the descriptor there; if that raises, so does this, and the process is
        gone.
        """

        def listen(packet: Packet) -> None:
            assert deliver is not None
            self._deliver(packet, deliver)

        self._say(Message.START)
        self._expect(Message.STARTED, timeout, {Message.READY: drop, Message.LISTENER: listen})

    def _deliver(self, packet: Packet, deliver: Deliver) -> None:
        try:
            deliver(packet.fd, only_child(self.pid) if packet.number else self.pid)
        except BaseException:
            with suppress(ProcessLookupError):
                self.kill(signal.SIGKILL)
            self._wait_for_end()
            raise
        finally:
            os.close(packet.fd)
        self._say(Message.LISTENED)

    def exit_status(self) -> int | None:
        """Return the workload's wait status once ``pidfd`` is readable, and reap the process.

        As ``os.waitstatus_to_exitcode`` reads it. None if nobody knows any more: the exit was taken
        by another ``waitpid(-1)`` or an ignored SIGCHLD in this process, init was killed, and the
        kernel (before 6.15) keeps no record. Never blocks: raises BlockingIOError while it runs.
        The answer is kept, also after ``close``.
        """
        with _lock:
            if self._status == _RUNNING:
                self._status = self._read_status()
        return None if self._status == _UNKNOWN else self._status

    def kill(self, signal_number: int) -> None:
        """Send a signal through the pidfd. Raises ProcessLookupError once it has ended, or is given
        up."""
        if self.pidfd < 0:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        signal.pidfd_send_signal(self.pidfd, signal_number)

    def close(self) -> None:
        """Give up all descriptors; a child that has ended is reaped, unless its end was left to
        others. May be called again."""
        if self.pidfd < 0:
            return
        os.close(self._control)
        self._control = -1
        pidfd, self.pidfd = self.pidfd, -1
        if self._left:
            os.close(pidfd)
        else:
            check(lib.cloche_disown(pidfd))
        self._end_helper()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def packets(self) -> Iterator[Packet]:
        """Yield what the helper says until it ends; for plans that answer instead of executing.

        Raises StepFailed.
        """
        while (packet := self._next(None)) is not None:
            yield packet
        self._wait_for_end()

    def _say(self, kind: Message) -> None:
        result = lib.cloche_send(self._control, kind)
        if result < 0 and result != -errno.EPIPE:  # then it ended, and the next packet says why
            raise OSError(-result, os.strerror(-result))

    def _expect(
        self,
        kind: Message,
        timeout: float | None,
        before: Mapping[Message, Callable[[Packet], None]] = _NOTHING,
    ) -> Packet:
        """Return the next packet of a kind; the end of all packets is that of STARTED.

        What may come ``before`` it is handled as the table says.
        """
        packet = self._next(timeout)
        while packet is not None and (handle := before.get(Message(packet.kind))) is not None:
            handle(packet)
            packet = self._next(timeout)
        self._end_helper()
        if packet is not None and packet.kind != kind:
            raise RuntimeError(f"{Message(packet.kind).name} before {kind.name}")
        if packet is None and kind is not Message.STARTED:
            self._wait_for_end()
            raise StepFailed(Step.READY, errno.ESRCH, detail="ended by a signal")
        return packet or Packet(kind, 0, 0, 0, "", "", -1)

    def _next(self, timeout: float | None) -> Packet | None:
        """Return the next packet that is not about the helper itself, or None at the end."""
        while self._has_more(timeout):
            packet = receive(self._control)
            if packet is None or packet.kind not in (Message.FAILED, Message.CHILD):
                return packet
            if packet.kind == Message.FAILED:
                raise self._failure(packet)
            self._go_on_as(packet)
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

    def _go_on_as(self, packet: Packet) -> None:
        """Go on with the child of the helper: a sibling of it, or its own, whose keeper it is."""
        before, self.pid, self.pidfd = self.pidfd, packet.number, packet.fd
        if packet.flags & KEPT:
            self._left = True  # its keeper reaps it
            check(lib.cloche_disown(before))
            return
        self._helper = before
        if not packet.flags & NEW_PID_NAMESPACE and not self._left:
            check(lib.cloche_watch(self.pidfd))

    def _has_more(self, timeout: float | None) -> bool:
        with interruptible():
            return _is_readable(self._control, timeout)

    def _failure(self, packet: Packet) -> StepFailed:
        with suppress(ProcessLookupError):  # somebody else may have reaped it
            self.kill(signal.SIGKILL)  # it is about to end, but others in its container may stop it
        self._wait_for_end()
        return told(packet, self.origins)

    def _end_helper(self) -> None:
        """Reap the first helper, which ended when it had sent its child's pidfd."""
        if self._helper >= 0:
            _is_readable(self._helper, None)
            check(lib.cloche_disown(self._helper))
            self._helper = -1

    def _wait_for_end(self) -> None:
        self._end_helper()
        _is_readable(self.pidfd, None)
        self.exit_status()
        self.close()

    def _read_status(self) -> int:
        status = _reap(self.pidfd)
        if status == _RUNNING:
            raise BlockingIOError(errno.EAGAIN, "the process runs")
        while (packet := receive(self._control)) is not None:
            if packet.kind == Message.EXITED:
                return packet.number
        return status


_lock = allocate_lock()


def _begin_anew() -> None:
    """In a fork, where the thread that held the lock, if one did, does not exist."""
    global _lock
    _lock = allocate_lock()


os.register_at_fork(after_in_child=_begin_anew)


def _is_readable(fd: int, timeout: float | None) -> bool:
    import select

    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(None if timeout is None else max(0.0, timeout * 1000)))


def _reap(pidfd: int) -> int:
    status = ffi.new("int *")
    result = lib.cloche_reap(pidfd, status)
    if result == -errno.ECHILD:
        return _UNKNOWN
    return int(status[0]) if check(result) else _RUNNING
