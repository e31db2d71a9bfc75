"""Signals to a foreground run: passed on, insisted on, and survived by nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from launched.interrupting import interrupting

PATIENT = "trap 'echo asked' INT TERM HUP; echo up; while :; do sleep 0.1; done"


@pytest.mark.parametrize(
    ("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129), ("SIGUSR1", 138)]
)
def test_a_signal_is_passed_on(box, name, code):
    process = box("web")
    process.send_signal(getattr(signal, name))
    assert process.wait(timeout=20) == code


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_second_request_to_end_kills(box, name):
    process = box("web", "--", "sh", "-c", PATIENT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    process.send_signal(getattr(signal, name))
    assert process.stdout.readline() == b"asked\n"
    process.send_signal(getattr(signal, name))
    assert process.wait(timeout=20) == 137


def test_exec_passes_signals_on_too(box, start_cloche):
    box("web")
    process = start_cloche("exec", "web", "sh", "-c", PATIENT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == b"asked\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 137


def test_a_signal_that_was_ignored_stays_ignored(program, environment):
    """As under nohup."""
    process = subprocess.Popen(
        ["nohup", *program, "run", "--", "sh", "-c", "echo up; sleep 1; echo done"],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGHUP)
        assert process.communicate(timeout=20)[0] == b"done\n"
    assert process.returncode == 0


def test_a_run_that_is_killed_leaves_no_process(box, cloche, until):
    process = box("web", "--", "sh", "-c", "sleep 1001 & sleep 1000")
    (details,) = json.loads(cloche("inspect", "web").out)
    assert os.path.exists(f"/proc/{details['pid']}")
    process.kill()
    process.wait()
    until(lambda: not os.path.exists(f"/proc/{details['pid']}"))
    until(lambda: cloche("ps", "-aq").out == "")


def test_an_interrupt_while_the_program_is_imported_shows_no_traceback(environment):
    begin = f"{interrupting('cloche_cli.main')}from cloche_cli.__main__ import main\nmain()\n"
    done = subprocess.run(
        [sys.executable, "-c", begin], env=environment, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
