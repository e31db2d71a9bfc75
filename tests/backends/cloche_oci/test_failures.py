"""What runtimes say of their failures becomes the error that is meant."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import BackendError, CommandFailed, NotFound
from cloche.spec import Process
from cloche_oci.failures import explain, failure

PROCESS = Process(args=("prog",), cwd="/there")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("executable file `prog` not found in $PATH: No such file or directory", 127),
        (
            'unable to start container process: exec: "prog": executable file not found in $PATH',
            127,
        ),
        ('unable to start: exec: "/x": stat /x: no such file or directory', 127),
        ('unable to start container process: exec: "/x": permission denied', 126),
        ("exec container process `/x`: Exec format error", 126),
        ("open executable: Permission denied", 126),
        ("starting sandbox: creating process: failed to load /x: no such file or directory", 127),
        ('executing command "/x" in sandbox: failed to load /x: permission denied', 126),
        ('error finding executable "x" in PATH [/bin]: no such file or directory', 127),
        ('chdir to cwd ("/there") set in config.json failed: no such file or directory', 126),
    ],
)
def test_commands_that_cannot_be_run_are_told_as_a_shell_does(text: str, code: int) -> None:
    told = failure("runc", "create", "box", text, PROCESS)
    assert isinstance(told, CommandFailed)
    assert (told.exit_code, told.operation, told.container) == (code, "create", "box")


@pytest.mark.parametrize(
    "text",
    [
        "error closing exec fds: open /proc/self/fd: no such file or directory",
        "error mounting /data: no such file or directory",
        "open /sys/fs/cgroup: permission denied",
    ],
)
def test_other_missing_things_are_not_taken_for_the_command(text: str) -> None:
    told = failure("runc", "create", "box", text, PROCESS)
    assert isinstance(told, BackendError)
    assert str(told) == f"runc create: {text}"


@pytest.mark.parametrize(
    "text",
    [
        "container does not exist",
        'container "x" does not exist',
        "error opening file `/root/x/status`: No such file or directory",
    ],
)
def test_a_container_that_it_does_not_know_is_not_found(text: str) -> None:
    assert isinstance(failure("runc", "state", "x", text), NotFound)


def test_the_last_error_of_the_log_is_the_reason() -> None:
    lines = [("warning", "w"), ("error", "first"), ("error", "last"), ("info", "i")]
    log = "\n".join(json.dumps({"level": level, "msg": text}) for level, text in lines)
    assert explain(log.encode(), "stderr") == "last"


def test_without_a_log_it_is_what_was_said_last() -> None:
    said = 'one\ntime="2026" level=error msg="it is \\"quoted\\" so"\n'
    assert explain(b"", said) == 'it is \\"quoted\\" so'
    assert explain(b"", "plain words\n") == "plain words"
    assert explain(b"", "") == "it did not say why"


@given(st.binary(max_size=2000), st.text(max_size=2000))
def test_whatever_it_says_the_reason_is_one_short_line(log: bytes, said: str) -> None:
    reason = explain(log, said)
    assert reason
    assert "\n" not in reason
    assert len(reason) <= 500
    assert isinstance(failure("x", "create", "id", reason, PROCESS), Exception)
