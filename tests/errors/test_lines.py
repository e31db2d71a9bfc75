"""What people read when something goes wrong: one line, one hint, and nothing made before."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Run

Check = Callable[[], None]


def test_an_image_that_is_not_there(cloche: Run, unchanged: Check) -> None:
    assert cloche("run", "true") == (
        125,
        "",
        ["cloche: image not found: true", "hint: a program of this machine: cloche run -- true"],
    )
    unchanged()


def test_a_command_that_is_not_there(cloche: Run, unchanged: Check) -> None:
    said = cloche("run", "--", "no-such-command")
    assert said == (127, "", ["cloche: command not found: no-such-command", "hint: it has /bin/sh"])
    unchanged()


def test_a_command_that_cannot_be_run(cloche: Run, unchanged: Check) -> None:
    line = "cloche: command cannot be run: /etc/passwd: Permission denied (EACCES)"
    assert cloche("run", "--", "/etc/passwd") == (126, "", [line])
    unchanged()


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (["-v", "./dta:/data"], "-v ./dta:/data"),
        (["--mount", "type=bind,source=./dta,target=/data"], "--mount ./dta:/data"),
    ],
)
def test_a_directory_that_is_not_there(
    cloche: Run, unchanged: Check, tmp_path: Path, words: list[str], typed: str
) -> None:
    assert cloche("run", *words, "--", "true") == (
        125,
        "",
        [
            f"cloche: {typed}: {tmp_path}/dta does not exist",
            "hint: mkdir -p ./dta; Cloche never creates it",
        ],
    )
    assert not (tmp_path / "dta").exists()
    unchanged()


def test_a_container_that_has_stopped(cloche: Run) -> None:
    assert cloche("run", "--keep", "--name", "web", "--", "true").code == 0
    said = cloche("exec", "web", "true")
    assert (said.code, said.out) == (125, "")
    line, hint = said.err
    assert re.fullmatch(
        r"cloche: web is stopped \(exit 0, \d+ s ago\): exec needs a running container", line
    )
    assert hint == "hint: cloche start web, or run with --idle"
    assert cloche("rm", "web").code == 0


def test_a_name_that_is_taken(cloche: Run, web: None, state: Path) -> None:
    before = sorted(path.name for path in (state / "run/containers").iterdir())
    assert cloche("run", "--name", "web", "--", "true") == (
        125,
        "",
        ["cloche: name in use: web (running)", "hint: cloche rm -f web, or --replace"],
    )
    assert sorted(path.name for path in (state / "run/containers").iterdir()) == before
    assert cloche("exec", "web", "echo", "alive") == (0, "alive\n", [])


@pytest.mark.parametrize(
    "words",
    [
        ["exec", "web", "true"],
        ["kill", "web"],
        ["stop", "web"],
        ["rm", "web"],
        ["pause", "web"],
        ["resume", "web"],
        ["stats", "--no-stream", "web"],
    ],
    ids=lambda words: words[0],
)
def test_a_container_that_is_not_there(cloche: Run, unchanged: Check, words: list[str]) -> None:
    said = cloche(*words)
    assert said.code == 125
    assert said.err == [
        "cloche: no container web",
        "hint: foreground runs are removed; --keep keeps them",
    ]
    unchanged()


def test_running_out_of_memory_has_a_line_of_its_own(cloche: Run, unchanged: Check) -> None:
    limits = ["--memory", "16M", "--memory-swap", "16M"]
    said = cloche("run", *limits, "--", "perl", "-e", "my $x = 'x' x 100000000")
    assert said == (137, "", ["cloche: perl ran out of memory (--memory 16M) and was killed"])
    unchanged()


def test_running_out_of_time_has_a_line_of_its_own(cloche: Run, unchanged: Check) -> None:
    said = cloche("run", "--timeout", "0.5", "--", "sh", "-c", "echo early; exec sleep 60")
    assert (said.code, said.out) == (124, "early\n")
    assert said.err == ["cloche: sh timed out after 0.5"]
    unchanged()


def test_every_wrong_word_is_one_line_and_makes_nothing(cloche: Run, state: Path) -> None:
    wrong = [
        ["--memory", "64X"],
        ["--cpus", "none"],
        ["--user", "no-such-user"],
        ["--workdir", "relative"],
        ["--ulimit", "nofile=x"],
        ["--sysctl", "vm.swappiness=1"],
        ["--device", "/dev/no-such"],
        ["--cap-add", "NO_SUCH"],
        ["--network", "bridge"],
        ["--name", "../up"],
        ["--group-add", "no-such-group"],
        ["--rootfs", "/no/such/directory"],
        ["--security-opt", "no-such=option"],
        ["--runtime", "no-such"],
    ]
    for words in wrong:
        said = cloche("run", *words, "--", "true")
        assert (said.code, said.out) == (125, ""), words
        assert said.err[0].startswith("cloche: "), words
        assert [line[:6] for line in said.err[1:]] in ([], ["hint: "]), (words, said.err)
        assert "Traceback" not in said.err[0], words
    assert [*state.rglob("*/containers/*")] == []
