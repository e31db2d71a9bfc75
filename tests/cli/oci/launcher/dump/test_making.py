"""A dump is tried before anybody depends on it; what can't be made is not made again and again."""

from __future__ import annotations

import os
import signal
import time

import pytest

WORDS = ("exec", "box", "true")
#: Bytes of memory with which Python does all, and a dump that is tried does not.
LITTLE = 80 << 20
LIMITED = ("prlimit", f"--as={LITTLE}")


def test_one_that_does_not_work_is_not_kept(program):
    usual = program.by_python(*WORDS)
    assert program(*WORDS, before=LIMITED) == usual
    assert program.file.stat().st_size < 1 << 20
    assert program.going_on(*WORDS) is None
    assert not program.draft.exists()


def test_it_is_tried_again_after_an_hour(program):
    program(*WORDS, before=LIMITED)
    refused = program.file.stat().st_mtime_ns
    program(*WORDS)
    assert program.file.stat().st_mtime_ns == refused
    os.utime(program.file, (time.time() - 2 * 3600,) * 2)
    program(*WORDS)
    assert program.going_on(*WORDS) is not None


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_who_ends_its_making_ends_nothing_else(program, sent):
    """The command has done its work by then; what is left is for a later one."""
    process = program.begin(*WORDS, start_new_session=True)
    while not program.draft.exists() and process.poll() is None:
        time.sleep(0.001)
    os.killpg(process.pid, sent)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    if program.draft.exists():
        os.utime(program.draft, (time.time() - 3600,) * 2)
    program(*WORDS)
    assert program.going_on(*WORDS) is not None
    assert not program.draft.exists()


def test_nothing_of_it_is_left_running(program):
    process = program.begin(*WORDS, start_new_session=True)
    process.communicate(timeout=60)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
