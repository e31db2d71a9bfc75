"""The contract of standard streams, as far as it is the runtime's."""

from __future__ import annotations

from cloche.exit import ExitStatus
from cloche.testing.lab import Lab
from cloche.testing.lab_streams import PATIENCE

_LOTS = 3 << 20


class Connecting:
    """What a process reads and writes."""

    def test_output_and_errors_are_apart(self, lab: Lab) -> None:
        """What is written to stdout and stderr arrives there, and ends with the process."""
        box = lab.start(lab.programs.writes("out", "err"))
        assert (box.streams.read(1), box.streams.read(2)) == (b"out", b"err")

    def test_input_arrives_and_ends(self, lab: Lab) -> None:
        """The process reads its input, and its end when the caller's end is closed."""
        box = lab.start(lab.programs.copies())
        box.streams.say(b"hello")
        assert box.streams.read_until(b"hello") == b"hello"
        box.streams.hang_up(0)
        assert box.streams.read() == b""
        assert box.init.exit.wait(PATIENCE) == ExitStatus(0)

    def test_one_end_may_serve_two_streams(self, lab: Lab) -> None:
        """stdout and stderr may be one end: what is written to both arrives in order."""
        box = lab.start(lab.programs.writes("out", "err"), merge_stderr=True)
        assert box.streams.read() == b"outerr"

    def test_streams_that_nobody_wants_need_no_pipe(self, lab: Lab) -> None:
        """A runtime that makes pipes makes none for streams that are not ``wanted``.

        Nothing comes in there, and what goes out is lost.
        """
        if lab.runtime.binds_stdio == "create" or "pipe" not in lab.subject.runtime.stdio:
            return
        box = lab.create(lab.programs.writes("out", "err"))
        box.streams.wanted = (False, False, True)
        box.start()
        assert box.streams.read(2) == b"err"
        assert box.init.pipes is not None
        assert [pipe is not None for pipe in box.init.pipes[:3]] == [False, False, True]
        quiet = lab.create(lab.programs.copies())
        quiet.streams.wanted = (False, False, False)
        quiet.start()
        assert quiet.init.exit.wait(PATIENCE) == ExitStatus(0)

    def test_nothing_is_lost(self, lab: Lab) -> None:
        """All output arrives, however much there is and however late it is read."""
        box = lab.start(lab.programs.floods(_LOTS))
        assert len(box.streams.read()) == _LOTS
        assert box.init.exit.wait(PATIENCE) == ExitStatus(0)

    def test_who_stops_reading_is_noticed(self, lab: Lab) -> None:
        """A process whose output nobody reads any more is ended by SIGPIPE, or sees the error."""
        box = lab.start(lab.programs.floods(_LOTS))
        box.streams.hang_up(1)
        assert box.init.exit.wait(PATIENCE).exit_code != 0
