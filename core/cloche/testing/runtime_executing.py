"""The contract of further processes, and of containers that wait for them."""

from __future__ import annotations

import pytest

from cloche.errors import CommandFailed, InvalidState
from cloche.exit import ExitStatus
from cloche.runtime import Capability, State
from cloche.testing.lab import Lab, needs
from cloche.testing.lab_streams import PATIENCE


class Executing:
    """``exec``, and idle containers."""

    @needs(Capability.EXEC)
    def test_a_further_process_has_streams_and_an_end_of_its_own(self, lab: Lab) -> None:
        """An executed process has its own streams and ending; the first process goes on."""
        box = lab.sleeper()
        process, streams = box.exec(lab.programs.writes("out", "err"))
        assert (streams.read(1), streams.read(2)) == (b"out", b"err")
        assert process.exit.wait(PATIENCE) == ExitStatus(0)
        failing, _ = box.exec(lab.programs.exits(9))
        assert failing.exit.wait(PATIENCE) == ExitStatus(9)
        assert box.container.state() is State.RUNNING

    @needs(Capability.EXEC)
    def test_its_input_is_its_own(self, lab: Lab) -> None:
        """An executed process reads its own input, to the end."""
        process, streams = lab.sleeper().exec(lab.programs.copies())
        streams.say(b"hello")
        streams.hang_up(0)
        assert streams.read() == b"hello"
        assert process.exit.wait(PATIENCE) == ExitStatus(0)

    @needs(Capability.EXEC)
    def test_several_run_at_once_and_are_killed_one_by_one(self, lab: Lab) -> None:
        """Executed processes run beside each other; to kill one leaves the others alone."""
        box = lab.sleeper()
        one, _ = box.exec(lab.programs.sleeps())
        other, streams = box.exec(lab.programs.copies())
        one.kill(9)
        assert one.exit.wait(PATIENCE).exit_code == 137
        streams.say(b"still here")
        streams.read_until(b"still here")
        assert other.exit.poll() is None
        assert box.container.state() is State.RUNNING

    @needs(Capability.EXEC)
    def test_the_end_of_the_first_process_is_the_end_of_all(self, lab: Lab) -> None:
        """When the first process ends, so do all others of the container."""
        box = lab.sleeper()
        process, streams = box.exec(lab.programs.refuses())
        streams.read_until(b"ready")
        box.container.terminate()
        process.exit.wait(PATIENCE)

    @needs(Capability.EXEC)
    def test_a_missing_program_is_127_and_the_container_runs_on(self, lab: Lab) -> None:
        """``exec`` of a program that does not exist raises CommandFailed 127, and harms nothing."""
        self._refused(lab, lab.programs.missing(), 127)

    @needs(Capability.EXEC)
    def test_an_unrunnable_program_is_126_and_the_container_runs_on(self, lab: Lab) -> None:
        """``exec`` of what can't be run raises CommandFailed 126, and harms nothing."""
        self._refused(lab, lab.programs.unrunnable(), 126)

    def _refused(self, lab: Lab, args: tuple[str, ...], code: int) -> None:
        box = lab.sleeper()
        with pytest.raises(CommandFailed) as raised:
            box.exec(args)
        assert raised.value.exit_code == code
        assert box.container.state() is State.RUNNING

    @needs(Capability.EXEC)
    def test_a_stopped_container_executes_nothing(self, lab: Lab) -> None:
        """``exec`` in a container that has stopped raises InvalidState."""
        box = lab.start(lab.programs.exits(0))
        box.init.exit.wait(PATIENCE)
        with pytest.raises(InvalidState):
            box.exec(lab.programs.exits(0))

    @needs(Capability.EXEC, Capability.WAITING_CREATE)
    def test_a_container_that_waits_executes_nothing(self, lab: Lab) -> None:
        """``exec`` in a container that was not started raises InvalidState."""
        with pytest.raises(InvalidState):
            lab.create(lab.programs.exits(0)).exec(lab.programs.exits(0))

    @needs(Capability.IDLE, Capability.EXEC)
    def test_an_idle_container_waits_for_what_is_executed(self, lab: Lab) -> None:
        """An idle container runs nothing of its own, executes what it is told, and goes on."""
        box = lab.start(idle=True)
        assert box.container.state() is State.RUNNING
        _, streams = box.exec(lab.programs.writes("hello"))
        assert streams.read() == b"hello"
        assert box.container.state() is State.RUNNING
        assert box.init.exit.poll() is None

    @needs(Capability.IDLE)
    def test_an_idle_container_ends_when_asked_to(self, lab: Lab) -> None:
        """An idle container ends by ``shutdown``: nobody is there to refuse."""
        box = lab.start(idle=True)
        box.container.shutdown()
        box.init.exit.wait(PATIENCE)
