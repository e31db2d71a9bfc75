"""The contract of endings: exits, signals, states."""

from __future__ import annotations

import threading
import time

import pytest

from cloche.errors import TimedOut
from cloche.exit import ExitStatus, Reason
from cloche.runtime import Capability, State
from cloche.testing.lab import Lab, comes_true, needs
from cloche.testing.lab_streams import PATIENCE

_TERM, _KILL = 15, 9


class Endings:
    """``exit``, ``kill``, ``shutdown``, ``terminate`` and ``state``."""

    @pytest.mark.parametrize("code", [0, 1, 42, 255])
    def test_the_exit_code_is_the_programs(self, lab: Lab, code: int) -> None:
        """The exit code is what the program returned."""
        box = lab.start(lab.programs.exits(code))
        assert box.init.exit.wait(PATIENCE) == ExitStatus(code)

    def test_an_exit_may_be_read_any_number_of_times(self, lab: Lab) -> None:
        """An ending is read any number of times, by waiters from before and after it: the same."""
        box = lab.start(lab.programs.copies())
        seen: list[ExitStatus] = []
        early = threading.Thread(target=lambda: seen.append(box.init.exit.wait(PATIENCE)))
        early.start()
        future = box.init.exit.future
        box.streams.hang_up(0)
        early.join()
        later = [box.init.exit.wait(PATIENCE), box.init.exit.poll(), future.result(PATIENCE)]
        assert {*seen, *later} == {ExitStatus(0)}

    def test_an_exit_is_known_after_the_container_is_gone(self, lab: Lab) -> None:
        """What is known of an ending outlives the container and its handles."""
        box = lab.start(lab.programs.exits(7))
        exit = box.init.exit  # noqa: A001 - as the contract calls it
        exit.wait(PATIENCE)
        lab.discard(box)
        assert exit.wait(0) == exit.poll() == ExitStatus(7)

    def test_waiting_in_vain_ends_nothing(self, lab: Lab) -> None:
        """A wait that times out raises TimedOut, and ends nothing."""
        box = lab.sleeper()
        before = time.monotonic()
        with pytest.raises(TimedOut):
            box.init.exit.wait(0.05)
        assert time.monotonic() - before < PATIENCE / 2
        assert box.container.state() is State.RUNNING

    def test_sigkill_always_works(self, lab: Lab) -> None:
        """SIGKILL ends a program that refuses all else, and the ending says so."""
        box = lab.start(lab.programs.refuses())
        box.streams.read_until(b"ready")
        box.init.kill(_KILL)
        status = box.init.exit.wait(PATIENCE)
        assert (status.signal, status.reason) == ("SIGKILL", Reason.SIGNAL)
        assert status.exit_code == 137

    @needs(Capability.SIGNALS)
    def test_a_signal_that_is_not_handled_ends_the_program(self, lab: Lab) -> None:
        """A signal does in a container what it does elsewhere, for the first process too."""
        box = lab.sleeper()
        box.init.kill(_TERM)
        assert box.init.exit.wait(PATIENCE).exit_code == 128 + _TERM

    def test_kill_does_not_wait(self, lab: Lab) -> None:
        """``kill`` does not wait, and to kill what has ended is no error."""
        box = lab.start(lab.programs.exits(3))
        box.init.exit.wait(PATIENCE)
        for signal in (_TERM, _KILL, _KILL):
            box.init.kill(signal)
        assert box.init.exit.wait(0) == ExitStatus(3)

    @needs(Capability.SIGNALS)
    def test_shutdown_asks(self, lab: Lab) -> None:
        """``shutdown`` asks only: a program may refuse."""
        box = lab.start(lab.programs.refuses())
        box.streams.read_until(b"ready")
        box.container.shutdown()
        time.sleep(0.1)
        assert box.container.state() is State.RUNNING

    @needs(Capability.SIGNALS)
    def test_shutdown_ends_who_does_not_refuse(self, lab: Lab) -> None:
        """``shutdown`` ends a program that does not handle the signal."""
        box = lab.sleeper()
        box.container.shutdown()
        box.init.exit.wait(PATIENCE)

    def test_terminate_forces(self, lab: Lab) -> None:
        """``terminate`` ends a program that refuses to."""
        box = lab.start(lab.programs.refuses())
        box.streams.read_until(b"ready")
        box.container.terminate()
        box.init.exit.wait(PATIENCE)
        assert comes_true(lambda: box.container.state() is State.STOPPED)

    @needs(Capability.WAITING_CREATE)
    def test_what_was_never_started_can_be_ended(self, lab: Lab) -> None:
        """A container that waits for its start ends when it is terminated: then it has stopped."""
        box = lab.create(lab.programs.writes("never"))
        box.container.terminate()
        box.init.exit.wait(PATIENCE)
        assert box.container.state() is State.STOPPED
        box.streams.release_ends()  # a runtime that binds them at start has not taken them
        assert box.streams.read() == b""

    def test_it_is_running_and_then_stopped(self, lab: Lab) -> None:
        """``state`` is ``running`` while the program runs, ``stopped`` as soon as it has ended."""
        box = lab.start(lab.programs.copies())
        assert box.container.state() is State.RUNNING
        box.streams.hang_up(0)
        box.init.exit.wait(PATIENCE)
        assert box.container.state() is State.STOPPED
