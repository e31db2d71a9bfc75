"""Pausing stops every process, and resuming lets them run on."""

from __future__ import annotations

import os
import time

from waiting import readable

COUNT = """
import time
number = 0
while True:
    number += 1
    print(number, flush=True)
    time.sleep(0.001)
"""


def test_a_frozen_process_does_nothing_until_it_is_thawed(groups, inside):
    group = groups()
    process = inside.start(group, COUNT)
    process.stdout.readline()
    group.freeze()
    assert group.frozen
    _lines_within(process, 0.1)  # what was in the pipe already
    assert _lines_within(process, 0.3) == 0
    group.thaw()
    assert process.stdout.readline() != b""
    assert not group.frozen


def test_processes_that_fork_meanwhile_stand_still_too(groups, inside):
    group = groups()
    process = inside.start(group, f"import os\nfor _ in range(6): os.fork()\n{COUNT}")
    process.stdout.readline()
    group.freeze()
    assert group.frozen
    before = group.pids()
    time.sleep(0.05)
    assert group.pids() == before


def test_thawing_what_is_not_frozen_is_no_error(groups):
    group = groups()
    group.thaw()
    assert not group.frozen


def test_killing_a_frozen_group_ends_it(groups, inside):
    group = groups()
    process = inside.start(group, COUNT)
    group.freeze()
    group.kill()
    assert process.wait(timeout=10) == -9


def test_a_group_made_for_limits_alone_can_be_frozen(groups, inside):
    """What freezing needs is added when it is asked for, with the processes that are there."""
    group = groups(need_freezer=False, need_stats=True)
    process = inside.start(group, COUNT)
    group.freeze()
    assert group.frozen
    assert group.pids() == [process.pid]


def _lines_within(process, seconds: float) -> int:
    deadline, found = time.monotonic() + seconds, 0
    while (left := deadline - time.monotonic()) > 0:
        if readable(process.stdout, left):
            found += os.read(process.stdout.fileno(), 1 << 16).count(b"\n")
    return found
