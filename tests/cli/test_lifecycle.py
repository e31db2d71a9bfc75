"""Containers of another terminal: shown, stopped, killed, paused, measured, waited for, removed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time

import pytest


def test_ps_lists_what_runs(cloche, box):
    assert cloche("ps").out.split() == ["ID", "NAME", "IMAGE", "COMMAND", "CREATED", "STATUS"]
    box("web", "-l", "tier=front", "--", "sleep", "1000")
    titles, line = cloche("ps").out.splitlines()
    assert re.fullmatch(r"[0-9a-z]{12} +web +sleep 1000 +\d+ s ago +running", line)
    assert titles.index("NAME") == line.index("web")


@pytest.mark.parametrize("verb", ["ps", "ls", "list"])
def test_ps_has_dockers_and_podmans_names(cloche, box, verb):
    box("web")
    assert "web" in cloche(verb).out


def test_ps_filters(cloche, box):
    box("web", "-l", "tier=front", "--", "sleep", "1000")
    box("db", "-l", "tier=back", "--", "sleep", "1000")
    names = {c["name"] for c in json.loads(cloche("ps", "--json", "-f", "label=tier=back").out)}
    assert names == {"db"}
    assert len(cloche("ps", "-q").out.split()) == 2


def test_inspect_is_an_array_of_what_is_known(cloche, box):
    process = box("web", "-l", "a=b", "--", "sleep", "1000")
    said = cloche("inspect", "web")
    (details,) = json.loads(said.out)
    assert (details["name"], details["state"], details["args"]) == (
        "web",
        "running",
        ["sleep", "1000"],
    )
    assert (details["labels"], details["owner"]) == ({"a": "b"}, process.pid)
    by_prefix = json.loads(cloche("inspect", details["id"][:8]).out)
    assert by_prefix[0]["id"] == details["id"]


def test_stop_asks_and_the_run_exits_with_what_it_answers(cloche, box):
    process = box("web", "--", "sh", "-c", "trap 'exit 9' TERM; sleep 1000 & wait")
    assert cloche("stop", "web") == (0, "web\n", "")
    assert process.wait(timeout=20) == 9


def test_stop_forces_what_does_not_answer(cloche, box):
    process = box("web", "--", "sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    begun = time.monotonic()
    assert cloche("stop", "-t", "1", "web").code == 0
    assert process.wait(timeout=20) == 137
    assert time.monotonic() - begun > 1


@pytest.mark.parametrize(
    ("words", "code"),
    [([], 137), (["-s", "TERM"], 143), (["--signal=SIGINT"], 130), (["-s", "15"], 143)],
)
def test_kill_sends_the_signal(cloche, box, words, code):
    process = box("web")
    assert cloche("kill", *words, "web") == (0, "web\n", "")
    assert process.wait(timeout=20) == code


def test_kill_of_a_signal_that_is_none(cloche, box):
    box("web")
    said = cloche("kill", "-s", "NOPE", "web")
    assert said.code == 125
    assert said.err.startswith("cloche: ")
    assert "NOPE" in said.err


def test_pause_stops_the_clock_and_resume_lets_it_run(cloche, box):
    process = box(
        "web", "--", "sh", "-c", "while :; do echo tick; sleep 0.05; done", stdout=subprocess.PIPE
    )
    assert cloche("pause", "web") == (0, "web\n", "")
    assert cloche("ps").out.splitlines()[1].endswith("paused")
    os.set_blocking(process.stdout.fileno(), False)
    process.stdout.read()
    time.sleep(0.4)
    assert process.stdout.read() is None
    assert cloche("unpause", "web") == (0, "web\n", "")
    os.set_blocking(process.stdout.fileno(), True)
    assert process.stdout.read(5) == b"tick\n"


def test_wait_prints_what_the_run_exits_with(cloche, box, start_cloche):
    script = "trap 'exit 6' TERM; echo ready; sleep 1000 & wait"
    process = box("web", "--", "sh", "-c", script, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    waiting = start_cloche("wait", "web", stdout=subprocess.PIPE)
    time.sleep(0.5)
    assert waiting.poll() is None
    cloche("kill", "-s", "TERM", "web")
    assert waiting.communicate(timeout=20)[0] == b"6\n"


def test_rm_refuses_what_runs_unless_forced(cloche, box):
    process = box("web")
    refused = cloche("rm", "web")
    assert (refused.code, refused.out) == (125, "")
    assert refused.err.startswith("cloche: web is running")
    assert cloche("rm", "-f", "web") == (0, "web\n", "")
    assert process.wait(timeout=20) == 137


def test_one_that_is_not_there_does_not_keep_the_others_from_their_turn(cloche, box):
    process = box("web")
    said = cloche("kill", "nothing", "web")
    assert (said.code, said.out) == (125, "web\n")
    assert said.err == (
        "cloche: no container nothing\nhint: foreground runs are removed; --keep keeps them\n"
    )
    assert process.wait(timeout=20) == 137


def test_stats_shows_what_is_used(cloche, box):
    box("busy", "--", "sh", "-c", "while :; do :; done")
    titles, line = cloche("stats", "--no-stream").out.splitlines()
    assert titles.split() == ["ID", "NAME", "CPU", "MEMORY", "LIMIT", "PIDS", "READ", "WRITTEN"]
    assert re.search(r"busy +\d+\.\d%", line)
    (used,) = json.loads(cloche("stats", "--no-stream", "--json", "busy").out)
    assert used["cpu"] > 0.1
    assert used["pids"] >= 1


def test_stats_goes_on_until_what_was_named_has_ended(cloche, box, start_cloche):
    box("web")
    stream = start_cloche("stats", "--json", "web", stdout=subprocess.PIPE)
    for _ in range(2):
        assert json.loads(stream.stdout.readline())[0]["name"] == "web"
    cloche("kill", "web")
    stream.stdout.read()
    assert stream.wait(timeout=20) == 0


def test_stats_ends_at_ctrl_c_without_a_word(start_cloche, box):
    box("web")
    stream = start_cloche("stats", "web", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    stream.stdout.readline()
    stream.send_signal(signal.SIGINT)
    assert stream.communicate(timeout=20)[1] == b""
    assert stream.returncode == 130


def test_exec_runs_in_the_container_of_another_terminal(cloche, box):
    box("web", "--hostname", "inner", "-e", "SET=by-run", "--", "sleep", "1000")
    said = cloche("exec", "-e", "MORE=1", "-w", "/usr", "web", "sh", "-c", "hostname; pwd; env")
    lines = said.out.splitlines()
    assert lines[:2] == ["inner", "/usr"]
    assert {"SET=by-run", "MORE=1"} <= set(lines)


@pytest.mark.parametrize(
    ("words", "input", "code", "out"),
    [
        (["web", "sh", "-c", "exit 6"], "", 6, ""),
        (["web", "--", "echo", "-n", "x"], "", 0, "x"),
        (["web", "cat"], "unseen", 0, ""),
        (["-i", "web", "cat"], "seen", 0, "seen"),
        (["--timeout", "300ms", "web", "sleep", "100"], "", 124, ""),
        (["web", "no-such-program"], "", 127, ""),
    ],
)
def test_exec_exits_with_what_the_command_did(cloche, box, words, input, code, out):
    box("web")
    said = cloche("exec", *words, input=input)
    assert (said.code, said.out) == (code, out)


def test_backends_says_what_works_here(cloche):
    said = cloche("backends")
    assert re.search(r"^runtime +linux +\d+ ", said.out, re.MULTILINE)
    found = {(b["kind"], b["name"]): b for b in json.loads(cloche("backends", "--json").out)}
    assert found["runtime", "linux"]["available"] is True
    assert "exec" in found["runtime", "linux"]["capabilities"]
    assert ("stdio driver", "inherit") in found


def test_a_hostile_command_line_does_not_leave_its_column(cloche, box):
    box("web", "--", "sh", "-c", "sleep 1000", "\x1b[2J\nrow", os.fsdecode(b"\xff"))
    said = cloche("ps", "--no-trunc")
    assert len(said.out.splitlines()) == 2
    assert "\x1b" not in said.out
    assert "[2J" in said.out
    (details,) = json.loads(cloche("inspect", "web").out)
    assert details["args"][3:] == ["\x1b[2J\nrow", os.fsdecode(b"\xff")]
