"""``cloche run`` with real containers: streams, exit codes, options, and every error's line."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess

import pytest


def test_a_program_of_this_machine_runs_in_a_container(cloche):
    assert cloche("run", "--", "echo", "hello") == (0, "hello\n", "")


def test_it_is_a_container(cloche):
    """Another pid namespace, and a host name of its own."""
    said = cloche(
        "run", "--hostname", "box", "--", "sh", "-c", "echo $(hostname) $PPID; ls /proc/2"
    )
    host, parent = said.out.split()[:2]
    assert (host, int(parent) < 10) == ("box", True)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
    ],
)
def test_it_exits_with_what_the_command_did(cloche, command, code):
    assert cloche("run", "--", "sh", "-c", command) == (code, "", "")


def test_stdin_is_empty_without_i(cloche):
    assert cloche("run", "--", "cat", input="not seen") == (0, "", "")


def test_i_passes_stdin_on(cloche):
    assert cloche("run", "-i", "--", "tr", "a-z", "A-Z", input="seen") == (0, "SEEN", "")


def test_the_streams_are_kept_apart(cloche):
    assert cloche("run", "--", "sh", "-c", "echo out; echo err >&2") == (0, "out\n", "err\n")


def test_variables_are_set_and_passed_on(cloche, tmp_path):
    file = tmp_path / "variables"
    file.write_text("# nothing\nFILE=1\nBOTH=file\n")
    said = cloche(
        "run", "-eX=1", "-e", "PASSED", "-e", "ABSENT", "--env-file", str(file), "-e", "BOTH=typed",
        "--", "env", PASSED="on",
    )  # fmt: skip
    found = set(said.out.splitlines())
    assert {"X=1", "PASSED=on", "FILE=1", "BOTH=typed"} <= found
    assert not [line for line in found if line.startswith("ABSENT")]


def test_a_mount_shows_a_directory(cloche, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("content")
    said = cloche(
        "run", "-v", "./data:/data", "--mount", "type=bind,source=./data,target=/ro,readonly",
        "--", "sh", "-c", "cat /data/file; echo new >/data/made; echo no >/ro/made",
        cwd=tmp_path,
    )  # fmt: skip
    assert (said.code, said.out) == (2, "content")
    assert "Read-only file system" in said.err
    assert (tmp_path / "data" / "made").read_text() == "new\n"


def test_a_mount_whose_source_is_missing_is_an_error(cloche, tmp_path):
    said = cloche("run", "-v", "./dta:/data", "--", "true", cwd=tmp_path)
    assert (said.code, said.out) == (125, "")
    assert said.err.splitlines() == [
        f"cloche: -v ./dta:/data: {tmp_path}/dta does not exist",
        "hint: mkdir -p ./dta; Cloche never creates it",
    ]


def test_a_directory_can_be_the_root(cloche, tmp_path):
    root = tmp_path / "tree"
    (root / "bin").mkdir(parents=True)
    shutil.copy(str(shutil.which("busybox")), root / "bin" / "sh")
    assert cloche("run", "--rootfs", str(root), "sh", "-c", "echo /*").out.startswith("/bin ")
    assert cloche("run", "--rootfs", str(root), "--", "sh", "-c", "echo hi") == (0, "hi\n", "")
    missing = cloche("run", "--rootfs", str(root), "bash")
    assert missing.code == 127
    assert missing.err.splitlines()[0].endswith("bash")
    assert missing.err.splitlines()[1:] == ["hint: it has /bin/sh"]


def test_a_command_that_does_not_exist_is_127(cloche):
    said = cloche("run", "--", "no-such-program")
    assert (said.code, said.out) == (127, "")
    assert re.fullmatch(r"cloche: command not found[^:]*: no-such-program\n(hint: .*\n)?", said.err)


def test_a_command_that_cannot_be_run_is_126(cloche):
    said = cloche("run", "--", "/usr")
    assert (said.code, said.out) == (126, "")
    assert re.match(r"cloche: .*/usr", said.err)


def test_a_timeout_says_so_and_keeps_the_output(cloche):
    said = cloche("run", "--timeout", "0.5s", "--", "sh", "-c", "echo begun; sleep 100")
    assert said == (124, "begun\n", "cloche: sh timed out after 0.5s\n")


@pytest.mark.parametrize("time", ["soon", "5x", ""])
def test_a_time_that_is_none_is_refused_before_anything_runs(cloche, time):
    said = cloche("run", "--timeout", time, "--", "echo", "ran")
    assert (said.code, said.out) == (125, "")
    assert said.err.startswith("cloche: --timeout: ")


def test_what_cannot_be_a_size_is_told_with_its_option(cloche):
    said = cloche("run", "-m", "much", "--", "true")
    assert (said.code, said.err.splitlines()[0]) == (125, "cloche: --memory: 'much' is not a size")


def test_a_name_is_used_once(cloche, box):
    box("web")
    assert cloche("run", "--name", "web", "--", "true") == (
        125,
        "",
        "cloche: name in use: web (running)\nhint: cloche rm -f web, or --replace\n",
    )


def test_replace_takes_the_name_over(cloche, box):
    first = box("web")
    assert cloche("run", "--name", "web", "--replace", "--", "echo", "new").out == "new\n"
    assert first.wait(timeout=20) == 137


def test_a_foreground_run_leaves_nothing(cloche):
    cloche("run", "--name", "gone", "--", "true")
    assert cloche("ps", "-aq").out == ""
    assert cloche("inspect", "gone") == (
        125,
        "[]\n",
        "cloche: no container gone\nhint: foreground runs are removed; --keep keeps them\n",
    )


def test_keep_keeps(cloche):
    assert cloche("run", "--keep", "--name", "kept", "--", "sh", "-c", "exit 3").code == 3
    assert "stopped (exit 3, " in cloche("ps", "-a").out
    assert cloche("ps", "-q").out == ""
    refused = cloche("exec", "kept", "true")
    assert refused.code == 125
    assert re.fullmatch(
        r"cloche: kept is stopped \(exit 3, \d+ s ago\): exec needs a running container\n"
        r"hint: cloche start kept, or run with --idle\n",
        refused.err,
    )
    assert cloche("rm", "kept") == (0, "kept\n", "")
    assert cloche("rm", "kept").code == 125
    assert cloche("rm", "-f", "kept").code == 0


def test_the_id_is_written_to_a_new_file(cloche, tmp_path):
    file = tmp_path / "cid"
    assert cloche("run", "--cidfile", str(file), "--keep", "--", "true").code == 0
    assert file.read_text() in cloche("ps", "-aq", "--no-trunc").out.split()
    again = cloche("run", "--cidfile", str(file), "--", "true")
    assert again == (125, "", f"cloche: --cidfile {file}: it exists\nhint: rm {file}\n")


def test_a_run_that_fails_to_start_leaves_no_id(cloche, tmp_path):
    file = tmp_path / "cid"
    assert cloche("run", "--cidfile", str(file), "--", "no-such-program").code == 127
    assert not file.exists()


def test_json_tells_all_about_the_end(cloche):
    said = cloche("run", "--json", "-i", "--", "sh", "-c", "cat; echo no >&2; exit 4", input="yes")
    assert said.code == 4
    assert json.loads(said.out) == {
        "args": ["sh", "-c", "cat; echo no >&2; exit 4"],
        "exit_code": 4,
        "reason": "exit",
        "stdout": "yes",
        "stderr": "no\n",
    }


def test_json_tells_of_a_timeout_with_what_came_before(cloche):
    said = cloche("run", "--json", "--timeout", "500ms", "--", "sh", "-c", "echo begun; sleep 100")
    told = json.loads(said.out)
    assert (said.code, told["reason"], told["stdout"]) == (124, "timeout", "begun\n")


def test_a_reader_that_goes_ends_the_command(start_cloche):
    with start_cloche(
        "run", "--", "yes", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.read(4) == b"y\ny\n"
        process.stdout.close()
        assert process.wait(timeout=20) == 128 + signal.SIGPIPE
        assert process.stderr.read() == b""


def test_the_network_is_off_unless_asked_for(cloche):
    """Two lines of titles and the loopback; the host has more."""
    lines = "cat /proc/net/dev | wc -l"
    alone = cloche("run", "--", "sh", "-c", lines)
    host = cloche("run", "--network", "host", "--", "sh", "-c", lines)
    with open("/proc/net/dev") as file:
        assert (alone.out, host.out) == ("3\n", f"{len(file.readlines())}\n")


def test_an_idle_container_waits_for_what_is_executed_in_it(cloche, box):
    process = box("idle", "--idle")
    assert cloche("exec", "idle", "echo", "hi").out == "hi\n"
    assert cloche("stop", "idle") == (0, "idle\n", "")
    assert process.wait(timeout=20) in (0, 137, 143)


def test_running_out_of_memory_says_so(cloche):
    said = cloche("run", "--name", "hungry", "-m", "32M", "--", "tail", "/dev/zero")
    assert said == (
        137,
        "",
        "cloche: hungry ran out of memory (--memory 32M) and was killed\n",
    )


def test_limits_hold(cloche):
    """The controls are the same commands without the limit."""
    forks = "for i in 1 2 3 4 5 6 7 8; do sleep 0.2 & done; wait"
    assert cloche("run", "--", "sh", "-c", forks).code == 0
    assert cloche("run", "--pids-limit", "5", "--", "sh", "-c", forks).code != 0
    assert cloche("run", "--ulimit", "nofile=77:88", "--", "sh", "-c", "ulimit -n").out == "77\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rootfs", "/no/such/tree"], "--rootfs: /no/such/tree does not exist"),
        (["--network", "no-such"], "--network: 'no-such' is not one of none, host"),
        (["--isolation", "none"], "--isolation: 'none' is not one of process, vm, hyperv"),
        (["--device", "/dev/no-such"], "--device: /dev/no-such: no such file or directory"),
        (["--name", "a b"], "--name: 'a b' is not a proper name"),
        (["-w", "relative"], "--workdir: 'relative' is not an absolute path in the container"),
        (["--stop-signal", "NOPE"], "--stop-signal: 'NOPE' is not a signal"),
        (["-v", "data"], "-v 'data' is not SRC:DST[:ro]"),
        (["--runtime", "no-such"], "--runtime: there is no runtime named no-such"),
        (["--memory-swap", "1g"], "--memory-swap: it needs memory beside it"),
    ],
)
def test_what_the_engine_refuses_is_told_with_the_option(cloche, words, message):
    said = cloche("run", *words, "--", "true")
    assert (said.code, said.out) == (125, "")
    assert said.err.splitlines()[0] == f"cloche: {message}"


def test_debug_shows_where_an_error_comes_from(cloche):
    for words in (("--debug", "inspect", "nothing"), ("inspect", "--debug", "nothing")):
        told = cloche(*words).err
        assert told.startswith("Traceback (most recent call last):\n")
        assert "cloche: no container nothing\n" in told


def test_root_moves_all_that_is_kept(cloche, tmp_path):
    place = str(tmp_path / "elsewhere")
    cloche("--root", place, "run", "--keep", "--name", "there", "--", "true")
    assert "there" in cloche("ps", "-a", "--root", place).out
    assert "there" not in cloche("ps", "-a").out
    assert cloche("--root", place, "rm", "there").code == 0


def test_streams_that_are_closed_are_nobody_elses(program, environment):
    """Without care the first file that is opened would be the container's stdout."""
    script = '"$@" run -i -- sh -c "cat; echo lost; exit 3" <&- >&- 2>&-; echo code $?'
    done = subprocess.run(
        ["sh", "-c", script, "sh", *program],
        env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("code 3\n", "")
