"""The parameters of processes, as the service was always sent them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from cloche.spec import Box, Process, User
from cloche.stdio import Size
from cloche_hcs.document import process_parameters


def test_everything_is_always_written() -> None:
    process = Process(cwd="C:\\", args=("cmd", "/c", "echo"))
    assert process_parameters(process) == (
        '{"ApplicationName":"","CommandLine":"cmd /c echo","User":"","WorkingDirectory":"C:\\\\",'
        '"Environment":{},"EmulateConsole":false,"CreateStdInPipe":false,"CreateStdOutPipe":false,'
        '"CreateStdErrPipe":false,"ConsoleSize":[0,0]}'
    )


def test_a_process_without_a_working_directory_gets_the_one_that_stands_in() -> None:
    assert _parameters(Process(cwd=""), cwd="C:\\init")["WorkingDirectory"] == "C:\\init"
    assert _parameters(Process(cwd="D:\\"), cwd="C:\\init")["WorkingDirectory"] == "D:\\"


def test_the_user_is_a_name() -> None:
    process = Process(cwd="", user=User(username="ContainerAdministrator"))
    assert _parameters(process)["User"] == "ContainerAdministrator"


def test_the_last_value_of_a_variable_counts_and_what_is_none_does_not() -> None:
    variables = ("A=1", "NOEQ", "B=x=y=z", "C=", "=D", "A=2", "", "=C:=C:\\w", "path=x", "PATH=y")
    assert _parameters(Process(cwd="", env=(*variables, "Ünï=<&>")))["Environment"] == {
        "": "C:=C:\\w",
        "A": "2",
        "B": "x=y=z",
        "C": "",
        "PATH": "y",
        "path": "x",
        "Ünï": "<&>",
    }


def test_the_pipes_are_those_that_were_asked_for() -> None:
    made = _parameters(Process(cwd=""), pipes=(True, False, True))
    names = ("CreateStdInPipe", "CreateStdOutPipe", "CreateStdErrPipe")
    assert [made[name] for name in names] == [True, False, True]


def test_a_terminal_has_a_size_and_no_pipe_for_errors() -> None:
    """The size is that of the streams, height first; the specification's own is none of theirs."""
    process = Process(cwd="", terminal=True, console_size=Box(height=1, width=2))
    made = _parameters(process, pipes=(True, True, True), terminal=Size(width=80, height=25))
    assert made["EmulateConsole"] is True
    assert made["ConsoleSize"] == [25, 80]
    assert made["CreateStdErrPipe"] is False


@given(st.text(), st.lists(st.text(max_size=6)), st.dictionaries(st.text(min_size=1), st.text()))
def test_any_text_arrives(cwd: str, args: list[str], variables: dict[str, str]) -> None:
    env = tuple(f"{name}={value}" for name, value in variables.items() if "=" not in name)
    made = _parameters(Process(cwd=cwd, args=tuple(args), env=env))
    assert made["WorkingDirectory"] == cwd
    assert made["Environment"] == {k: v for k, v in variables.items() if "=" not in k}


def _parameters(process: Process, **how: object) -> dict[str, object]:
    made: dict[str, object] = json.loads(process_parameters(process, **how))  # type: ignore[arg-type]
    return made
