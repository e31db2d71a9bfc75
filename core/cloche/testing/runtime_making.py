"""The contract of making and starting containers."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from cloche.errors import (
    ClocheError,
    CommandFailed,
    InvalidSpec,
    InvalidState,
    NotFound,
    NotSupported,
)
from cloche.runtime import Capability, State
from cloche.testing.lab import Lab, census, comes_true, needs, settled
from cloche.testing.lab_streams import PATIENCE, LabStreams

if TYPE_CHECKING:
    from cloche.layers import RootFilesystem
    from cloche.runtime import CreateRequest, Runtime

#: A number that no open file can have.
_NOT_OPEN = 1 << 30


class Making:
    """``accepts``, ``create`` and ``start``."""

    def test_accepts_names_forms_of_root_that_are_declared(self, lab: Lab) -> None:
        """``accepts`` gives the forms of root the runtime takes, of those it declares."""
        forms = lab.runtime.accepts(lab.request(lab.programs.exits(0)))
        assert forms
        assert set(forms) <= set(lab.subject.runtime.roots)

    def test_accepts_makes_nothing(self, lab: Lab) -> None:
        """``accepts`` makes nothing: no container, no file, no descriptor, no process."""
        request = lab.request(lab.programs.exits(0))
        lab.runtime.accepts(request)  # what is loaded on first use may stay
        before = settled()
        lab.runtime.accepts(request)
        assert census().is_no_more_than(before)
        assert os.listdir(request.state) == []
        assert request.id not in {status.id for status in lab.runtime.list()}

    def test_accepts_refuses_what_names_no_command(self, lab: Lab) -> None:
        """What can't be run is refused before anything is made, with InvalidSpec."""
        with pytest.raises(InvalidSpec):
            lab.runtime.accepts(lab.request(()))

    @needs(Capability.WAITING_CREATE)
    def test_create_waits_for_start(self, lab: Lab) -> None:
        """After ``create`` nothing of the container's own has run, and it is ``created``."""
        box = lab.create(lab.programs.writes("began"))
        assert box.container.state() is State.CREATED
        assert box.streams.is_silent(0.1)
        assert box.init.exit.poll() is None
        box.start()
        assert box.streams.read() == b"began"

    def test_start_does_not_wait_for_the_end(self, lab: Lab) -> None:
        """``start`` does not wait for the end of the program."""
        box = lab.start(lab.programs.sleeps())
        assert box.container.state() is State.RUNNING
        assert box.init.exit.poll() is None

    def test_start_happens_once(self, lab: Lab) -> None:
        """A container that runs or has run can't be started: InvalidState."""
        box = lab.sleeper()
        with pytest.raises(InvalidState):
            box.container.start(box.streams)
        box.container.terminate()
        box.init.exit.wait(20)
        with pytest.raises(InvalidState):
            box.container.start(box.streams)

    def test_a_missing_program_is_127(self, lab: Lab) -> None:
        """If there is no such program, ``start`` raises CommandFailed 127: it is stopped then."""
        self._fails_to_start(lab, lab.programs.missing(), 127)

    def test_an_unrunnable_program_is_126(self, lab: Lab) -> None:
        """If it can't be run, ``start`` raises CommandFailed 126: the container is stopped then."""
        self._fails_to_start(lab, lab.programs.unrunnable(), 126)

    def _fails_to_start(self, lab: Lab, args: tuple[str, ...], code: int) -> None:
        box = lab.create(args)
        with pytest.raises(CommandFailed) as raised:
            box.start()
        assert raised.value.exit_code == code
        assert comes_true(lambda: box.container.state() is State.STOPPED)

    def test_an_error_leaves_nothing(self, lab: Lab) -> None:
        """When a container can't be made, nothing of it is left: no process, descriptor, entry."""
        lab.discard(lab.start(lab.programs.exits(0)))  # what is loaded on first use may stay
        streams, programs = LabStreams(), lab.programs
        takes_ends = "fd" in lab.subject.runtime.stdio
        args = programs.exits(0) if takes_ends else programs.missing()
        box, root = lab.box(lab.request(args), streams)
        if takes_ends:
            streams.ends = (_NOT_OPEN, _NOT_OPEN, _NOT_OPEN)
        before = settled()
        with pytest.raises((ClocheError, OSError)):
            _create_and_start(lab.runtime, box.request, root, streams)
        assert comes_true(lambda: census().is_no_more_than(before)), (
            f"{census()} instead of {before}"
        )
        assert box.request.id not in {status.id for status in lab.runtime.list()}
        with pytest.raises(NotFound):
            lab.runtime.load(box.request.id, box.request.state, None)

    def test_the_streams_stay_the_callers(self, lab: Lab) -> None:
        """The runtime closes no end of the streams: the caller releases them, once bound."""
        streams = LabStreams()
        box, root = lab.box(lab.request(lab.programs.sleeps()), streams)
        box.made = lab.runtime.create(box.request, root, streams)
        assert streams.holds_ends()
        box.made.start(streams)
        assert streams.holds_ends()
        box.bind()
        streams.read_until(b"ready")

    def test_verbs_may_be_called_on_threads_that_end(self, lab: Lab) -> None:
        """Nothing of a process's life depends on the thread that made or started it."""
        with ThreadPoolExecutor(1) as making:
            box = making.submit(lab.create, lab.programs.sleeps()).result(PATIENCE)
        with ThreadPoolExecutor(1) as starting:
            starting.submit(box.start).result(PATIENCE)
        box.streams.read_until(b"ready")
        time.sleep(0.05)
        assert box.container.state() is State.RUNNING

    def test_many_may_be_made_at_once(self, lab: Lab) -> None:
        """The runtime is thread-safe: containers made at once don't mix."""
        with ThreadPoolExecutor(8) as pool:
            made = [pool.submit(lab.start, lab.programs.writes(f"<{n}>")) for n in range(8)]
            boxes = [each.result(PATIENCE) for each in made]
        assert [box.streams.read() for box in boxes] == [b"<%d>" % n for n in range(8)]
        assert [box.init.exit.wait(PATIENCE).code for box in boxes] == [0] * 8

    @needs(Capability.LATE_PROCESS)
    def test_another_process_may_be_started(self, lab: Lab) -> None:
        """``start`` may be given another process than the container was made with."""
        box = lab.create(lab.programs.writes("first"))
        box.start(lab.request(lab.programs.writes("other")).spec.process)
        assert box.streams.read() == b"other"

    def test_another_process_is_refused_where_it_cannot_be(self, lab: Lab) -> None:
        """Another process to start than it was made with is NotSupported without LATE_PROCESS."""
        if Capability.LATE_PROCESS in lab.capabilities:
            return
        box = lab.create(lab.programs.exits(0))
        with pytest.raises(NotSupported):
            box.start(lab.request(lab.programs.exits(0)).spec.process)


def _create_and_start(
    runtime: Runtime, request: CreateRequest, root: RootFilesystem, streams: LabStreams
) -> None:
    container = runtime.create(request, root, streams)
    try:
        container.start(streams)
    finally:
        container.delete()
        container.close()
