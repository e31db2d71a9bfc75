"""What is printed when something goes wrong, and the code that the program exits with."""

from __future__ import annotations

import os
import subprocess

import pytest

import cloche as api
from cloche_cli.errors import report
from cloche_cli.parse import parse
from cloche_cli.run import Run
from cloche_cli.spelling import as_typed
from cloche_cli.usage import UsageError

RUN = parse(Run, ["--", "true"])


@pytest.mark.parametrize(
    ("error", "lines", "code"),
    [
        (UsageError("no such thing"), "cloche: no such thing\n", 125),
        (UsageError("-d: no", hint="use &"), "cloche: -d: no\nhint: use &\n", 125),
        (api.NotFound("no container web", hint="h"), "cloche: no container web\nhint: h\n", 125),
        (
            api.InvalidSpec("\x1b[2J\nhint: \x9b1mx is a device", hint="\x07"),
            "cloche: \ufffd[2J\ufffdhint: \ufffd1mx is a device\nhint: \ufffd\n",
            125,
        ),
        (
            api.InvalidSpec("memory: 'x' is not a size"),
            "cloche: --memory: 'x' is not a size\n",
            125,
        ),
        (
            api.Unavailable("memory: user u has no cgroup", remedy="run as root"),
            "cloche: --memory: user u has no cgroup\nhint: run as root\n",
            125,
        ),
        (
            api.CommandFailed("command not found: x", exit_code=127),
            "cloche: command not found: x\n",
            127,
        ),
        (api.CommandFailed("not executable: x", exit_code=126), "cloche: not executable: x\n", 126),
        (
            api.CleanupFailed("not all of it is gone", problems=[OSError("busy"), OSError("late")]),
            "cloche: not all of it is gone\ncloche:   busy\ncloche:   late\n",
            125,
        ),
        (FileNotFoundError(2, "No such file", "/x"), "cloche: /x: No such file\n", 125),
        (OSError("what"), "cloche: what\n", 125),
        (
            ZeroDivisionError("oh"),
            "cloche: internal error: ZeroDivisionError: oh\nhint: --debug shows where\n",
            125,
        ),
        (KeyboardInterrupt(), "", 130),
        (SystemExit(3), "", 3),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_an_error_is_a_line_and_perhaps_a_hint(capsys, error, lines, code):
    assert report(error, RUN) == code
    assert capsys.readouterr() == ("", lines)


def test_debug_adds_where_it_comes_from(capsys):
    try:
        raise api.NotFound("no container web")
    except api.NotFound as error:
        code = report(error, parse(Run, ["--debug", "--", "true"]))
    told = capsys.readouterr().err
    assert code == 125
    assert told.startswith("Traceback (most recent call last):\n")
    assert told.endswith("\ncloche: no container web\n")


@pytest.mark.parametrize(
    ("message", "typed"),
    [
        (
            "volumes: ./dta:/data: /home/u/dta does not exist",
            "-v ./dta:/data: /home/u/dta does not exist",
        ),
        ("mounts: /a:/b: /a does not exist", "--mount /a:/b: /a does not exist"),
        ("cpu_shares: 1 is not a whole number", "--cpu-shares: 1 is not a whole number"),
        ("ulimits: there is no limit x", "--ulimit: there is no limit x"),
        ("labels: x", "--label: x"),
        ("devices: /x is not a device", "--device: /x is not a device"),
        ("stop_signal: 'x' is not a signal", "--stop-signal: 'x' is not a signal"),
        ("name in use: web (running)", "name in use: web (running)"),
        ("no container web", "no container web"),
        ("linux: mount: no", "linux: mount: no"),
        ("image not found: true", "image not found: true"),
    ],
)
def test_a_parameter_is_called_by_its_option(message, typed):
    assert as_typed(message, Run.options) == typed


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["run", "--pull", "never", "true"],
            [
                "cloche: image not found: true",
                "hint: a program of this machine: cloche run -- true",
            ],
        ),
        (
            ["run", "--pull", "never", "sh", "-c", "echo hi"],
            [
                "cloche: image not found: sh",
                "hint: a program of this machine: cloche run -- sh -c 'echo hi'",
            ],
        ),
        (
            ["run", "--pull=never", "alpine:3.20", "ls"],
            [
                "cloche: image not found: alpine:3.20",
                "hint: cloche pull alpine:3.20",
            ],
        ),
        (["rnu"], ["cloche: unknown command: rnu; did you mean run?"]),
        (
            ["run", "--memry", "x"],
            [
                "cloche: unknown option of run: --memry; did you mean --memory?",
            ],
        ),
        (
            ["exec", "-d", "box", "true"],
            [
                "cloche: -d: only cloche run leaves things running",
                "hint: a shell leaves others running: cloche exec … &",
            ],
        ),
    ],
)
def test_what_can_be_refused_at_once_is(cloche, words, lines):
    said = cloche(*words)
    assert (said.code, said.out, said.err.splitlines()) == (125, "", lines)


@pytest.mark.parametrize(
    "words", [["--version"], ["backends"], ["ps", "--json"], ["images", "--json"]]
)
def test_a_reader_that_has_gone_is_not_worth_a_word(start_cloche, words):
    """As with any program that SIGPIPE ends: nothing is said, and the code is 128 + 13."""
    reader, writer = os.pipe()
    os.close(reader)
    with start_cloche(*words, stdout=writer, stderr=subprocess.PIPE) as program:
        os.close(writer)
        told = program.communicate(timeout=30)[1]
    assert (program.returncode, told) == (141, b"")


def test_nobody_to_tell_is_no_reason_to_fail_otherwise(start_cloche):
    reader, writer = os.pipe()
    os.close(reader)
    with start_cloche("no-such-command", stdout=subprocess.PIPE, stderr=writer) as program:
        os.close(writer)
        assert program.communicate(timeout=30)[0] == b""
    assert program.returncode == 125


def test_the_version_is_told(cloche):
    said = cloche("--version")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("cloche ")


@pytest.fixture
def broken_plugin(tmp_path, environment):
    """A distribution whose plug-in can't be imported, in front of the others."""
    place = tmp_path / "site"
    info = place / "outsider-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outsider\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cloche]\noutsider = no_such_module_anywhere\n")
    return f"{place}{os.pathsep}{environment['PYTHONPATH']}"


def test_a_broken_plugin_is_one_line_and_stops_nothing(cloche, broken_plugin):
    said = cloche("run", "--", "echo", "ran", PYTHONPATH=broken_plugin)
    assert (said.code, said.out) == (0, "ran\n")
    (line,) = said.err.splitlines()
    assert line.startswith("cloche: warning: ")
    assert "outsider" in line
