"""What shells propose: commands, options, names of containers, words of options."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable

import pytest


@pytest.fixture
def bash(program, environment, tmp_path) -> Callable[[str], list[str]]:
    """Completes a line in a real bash that has read our script."""
    command = tmp_path / "bin" / "cloche"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n')
    command.chmod(0o755)
    env = environment | {"PATH": f"{command.parent}:{environment['PATH']}"}

    def complete(line: str) -> list[str]:
        words = line.split(" ")
        script = f"""
            eval "$(_CLOCHE_COMPLETE=source_bash cloche)"
            COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}
            $(complete -p cloche | sed 's/.*-F \\([^ ]*\\) .*/\\1/') cloche
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        done = subprocess.run(
            ["bash", "--norc", "-c", script], env=env, capture_output=True, text=True, timeout=60
        )
        assert done.stderr == ""
        return done.stdout.split()

    return complete


@pytest.mark.parametrize(
    ("line", "proposals"),
    [
        ("cloche re", ["resume"]),
        ("cloche st", ["start", "stats", "stop"]),
        ("cloche im", ["images", "import", "image"]),
        ("cloche image pu", ["pull", "push"]),
        ("cloche image pull --p", ["--platform"]),
        ("cloche run --pull ", ["always", "missing", "never"]),
        ("cloche save --format oci", ["oci-archive", "oci"]),
        ("cloche run --mem", ["--memory", "--memory-swap"]),
        ("cloche run --isolation ", ["process", "vm", "hyperv"]),
        ("cloche run --isolation h", ["hyperv"]),
        ("cloche run --network ", ["none", "host"]),
        ("cloche run --runtime l", ["linux"]),
        ("cloche run --stdio-driver p", ["pipe", "pty"]),
        ("cloche ps --no", ["--no-trunc"]),
        ("cloche kill ", []),
    ],
)
def test_bash_proposes_what_can_stand_there(bash, line, proposals):
    assert bash(line) == proposals


def test_bash_proposes_names_of_containers(bash, box, cloche):
    cloche("run", "--keep", "--name", "was", "--", "true")
    box("web")
    assert bash("cloche exec ") == ["web"]
    assert bash("cloche kill --signal INT w") == ["web"]
    assert sorted(bash("cloche rm ")) == ["was", "web"]
    assert sorted(bash("cloche inspect w")) == ["was", "web"]
    assert bash("cloche --root /nowhere-at-all exec w") == []


def test_bash_proposes_names_of_images(bash, cloche, tmp_path):
    (tmp_path / "tree").mkdir()
    cloche("import", str(tmp_path / "tree"), "tiny:1")
    for line in ("cloche rmi ", "cloche image inspect t", "cloche run ", "cloche push tin"):
        assert [word.replace("\\", "") for word in bash(line)] == ["tiny:1"]
    assert bash("cloche run tiny:1 ") == []


@pytest.mark.parametrize(
    ("shell", "question", "answer"),
    [
        ("zsh", {"_TYPER_COMPLETE_ARGS": "cloche run --isolation h"}, "hyperv"),
        ("fish", {"_TYPER_COMPLETE_ARGS": "cloche resu", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
         "resume\tLet paused containers run on."),
    ],
)  # fmt: skip
def test_zsh_and_fish_are_answered(cloche, shell, question, answer):
    said = cloche(**question, _CLOCHE_COMPLETE=f"complete_{shell}")
    assert (said.code, said.err) == (0, "")
    assert answer in said.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(cloche, shell):
    said = cloche(_CLOCHE_COMPLETE=f"source_{shell}")
    assert (said.code, said.err) == (0, "")
    assert "_CLOCHE_COMPLETE" in said.out
    assert "cloche" in said.out
