"""Processes are named for good, and found again only if they are the same."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from cloche.identity import identify, open_same
from cloche_linux.members import members


def test_a_living_process_is_found_again() -> None:
    descriptor = open_same(identify(os.getpid()))
    assert descriptor is not None
    os.close(descriptor)


def test_a_pid_that_another_process_has_now_is_not_taken_for_the_first() -> None:
    identity = identify(os.getpid())
    assert open_same(identity | {"start": -1}) is None
    assert open_same(identity | {"boot": "another"}) is None


def test_an_ended_process_is_not_found() -> None:
    process = subprocess.Popen(["sleep", "60"])
    identity = identify(process.pid)
    process.kill()
    process.wait()
    assert open_same(identity) is None


def test_damaged_identities_name_nobody() -> None:
    assert open_same({}) is None
    assert open_same({"pid": "1", "start": None, "boot": None}) is None


def test_an_ended_init_has_no_members() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    assert members(process.pid) == []


def test_members_are_those_of_the_pid_namespace() -> None:
    inside = subprocess.Popen(["unshare", "--pid", "--fork", "sleep", "60"], start_new_session=True)
    try:
        children = Path(f"/proc/{inside.pid}/task/{inside.pid}/children")
        while not (text := children.read_text().split()):
            time.sleep(0.01)
        init = int(text[0])
        found = members(init)
        assert init in found
        assert os.getpid() not in found
    finally:
        os.killpg(inside.pid, 9)
        inside.wait()
