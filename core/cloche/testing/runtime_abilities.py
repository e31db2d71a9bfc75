"""The contract of what not every runtime can do."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import pytest

from cloche.errors import InvalidState, NotSupported, Unavailable
from cloche.runtime import Capability, State
from cloche.spec import LinuxResources
from cloche.stdio import Size
from cloche.testing.lab import Lab, needs
from cloche.testing.lab_streams import PATIENCE, LabStreams

if TYPE_CHECKING:
    from collections.abc import Callable


class Abilities:
    """Pause, measuring, terminals and files; and what they are where they are missing."""

    @needs(Capability.PAUSE)
    def test_paused_processes_stand_still_and_go_on(self, lab: Lab) -> None:
        """Between ``pause`` and ``resume`` no process does anything; then they go on."""
        box = lab.start(lab.programs.counts())
        box.streams.read_until(b"x")
        box.container.pause()
        assert box.container.state() is State.PAUSED
        assert box.streams.is_silent(0.2)
        box.container.resume()
        assert box.container.state() is State.RUNNING
        box.streams.read_until(b"x")

    @needs(Capability.PAUSE)
    def test_what_is_paused_can_be_killed(self, lab: Lab) -> None:
        """``terminate`` ends a paused container, too."""
        box = lab.sleeper()
        box.container.pause()
        box.container.terminate()
        box.init.exit.wait(PATIENCE)

    @needs(Capability.PAUSE)
    def test_what_is_paused_can_be_deleted(self, lab: Lab) -> None:
        """``delete`` takes a paused container away."""
        box = lab.sleeper()
        box.container.pause()
        lab.discard(box)

    @needs(Capability.PAUSE, Capability.EXEC)
    def test_a_paused_container_executes_nothing(self, lab: Lab) -> None:
        """``exec`` in a paused container raises InvalidState: it is not running."""
        box = lab.sleeper()
        box.container.pause()
        with pytest.raises(InvalidState):
            box.exec(lab.programs.exits(0))

    @needs(Capability.PAUSE)
    def test_what_has_stopped_is_neither_paused_nor_resumed(self, lab: Lab) -> None:
        """``pause`` and ``resume`` of a container that has stopped raise InvalidState."""
        box = lab.start(lab.programs.exits(0))
        box.init.exit.wait(PATIENCE)
        for verb in (box.container.pause, box.container.resume):
            with pytest.raises(InvalidState):
                verb()

    @needs(Capability.STATS)
    def test_measurements_are_numbers_or_unknown(self, lab: Lab) -> None:
        """``stats`` measures: each figure is a number from 0, or None where it is not known."""
        stats = lab.sleeper().container.stats()
        figures = dataclasses.asdict(stats)
        figures.pop("details")
        assert any(figure is not None for figure in figures.values())
        assert all(figure is None or figure >= 0 for figure in figures.values())
        assert stats.pids is None or stats.pids >= 1

    @needs(Capability.TERMINAL)
    def test_a_terminal_has_the_size_that_was_asked_for(self, lab: Lab) -> None:
        """A process with a terminal gets one of the size that was asked for."""
        box = lab.start(lab.programs.tells_size(), terminal=Size(101, 31))
        assert box.init.pipes is not None
        assert box.init.pipes.terminal
        assert b"31 101\r\n" in box.streams.read_until(b"\n")

    @needs(Capability.TERMINAL)
    def test_a_terminal_may_be_resized(self, lab: Lab) -> None:
        """``resize`` changes the size of the terminal."""
        box = lab.start(lab.programs.tells_size(), terminal=Size(80, 24))
        box.streams.read_until(b"24 80")
        box.init.resize(120, 50)
        box.streams.say(b"\n")
        box.streams.read_until(b"50 120")

    @needs(Capability.TERMINAL)
    def test_a_terminal_is_resized_whatever_became_of_its_ends(self, lab: Lab) -> None:
        """``resize`` needs none of the ends that were handed out: their owner may close them."""
        box = lab.start(lab.programs.sleeps(), terminal=Size(80, 24))
        box.streams.hang_up(0)
        with open(os.devnull, "rb"):  # it has the number now that the end had
            box.init.resize(120, 50)
        assert box.streams.size() in (Size(120, 50), None)

    @needs(Capability.TERMINAL)
    def test_a_terminals_output_ends_with_its_last_process(self, lab: Lab) -> None:
        """When the last process has ended, what it wrote can be read, and then the end."""
        box = lab.start(lab.programs.writes("out", "err"), terminal=Size(80, 24))
        box.init.exit.wait(PATIENCE)
        assert box.streams.read() == b"outerr"

    @needs(Capability.TERMINAL, Capability.EXEC)
    def test_an_executed_process_may_have_a_terminal(self, lab: Lab) -> None:
        """An executed process gets a terminal of its own, with its own size."""
        _, streams = lab.sleeper().exec(lab.programs.tells_size(), terminal=Size(90, 20))
        streams.read_until(b"20 90")

    def test_a_process_without_terminal_has_no_size(self, lab: Lab) -> None:
        """``resize`` of a process without terminal raises NotSupported."""
        with pytest.raises(NotSupported):
            lab.sleeper().init.resize(80, 24)

    @needs(Capability.FILES)
    def test_files_are_there_before_anything_runs(self, lab: Lab) -> None:
        """The request's files are in the root that ``root_descriptor`` opens."""
        box = lab.start(lab.programs.sleeps(), files=[("/made/for/it", b"content")])
        root = box.container.root_descriptor()
        try:
            file = os.open("made/for/it", os.O_RDONLY, dir_fd=root)
            with open(file, "rb") as opened:
                assert opened.read() == b"content"
        finally:
            os.close(root)

    def test_what_is_not_claimed_is_not_supported(self, lab: Lab) -> None:
        """A verb whose capability the runtime lacks raises NotSupported, and nothing happens.

        Where it is only this machine that lacks it, Unavailable says so.
        """
        box = lab.sleeper()
        process = box.request.spec.process
        assert process is not None
        container, streams = box.container, LabStreams()
        verbs: dict[Capability, list[Callable[[], object]]] = {
            Capability.EXEC: [lambda: container.exec("exec", process, streams)],
            Capability.PAUSE: [container.pause, container.resume],
            Capability.STATS: [container.stats],
            Capability.UPDATE: [lambda: container.update(LinuxResources())],
            Capability.FILES: [container.root_descriptor],
            Capability.CHECKPOINT: [lambda: container.checkpoint("/nonexistent")],
        }
        for capability in verbs.keys() - lab.capabilities:
            claimed = capability in lab.subject.runtime.capabilities
            for verb in verbs[capability]:
                with pytest.raises((NotSupported, Unavailable) if claimed else NotSupported):
                    verb()
        streams.close()
        assert container.state() is State.RUNNING
