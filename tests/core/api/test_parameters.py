"""Parameters: each error is one line that names the parameter, and nothing is made."""

from __future__ import annotations

import re

import pytest

from cloche import (
    DEVNULL,
    PIPE,
    STDOUT,
    ClocheError,
    ExecOptions,
    ExecRunOptions,
    InvalidSpec,
    Mount,
    NotSupported,
    RunOptions,
    StartOptions,
)
from cloche.options import EXEC, EXEC_RUN, RUN, START
from cloche.quantities import duration, size

WRONG = [
    ("stdout", {"stdout": STDOUT}, "STDOUT is for stderr"),
    ("stdin", {"stdin": STDOUT}, "STDOUT is for stderr"),
    ("stdout", {"stdout": "file"}, "is not a stream"),
    ("stdout", {"stdout": 9999}, "is not a stream"),
    ("stdout", {"stdout": True}, "is not a stream"),
    ("capture_output", {"capture_output": True, "stdout": PIPE}, "beside it"),
    ("capture_output", {"capture_output": 1}, "True or False"),
    ("input", {"input": "x", "stdin": DEVNULL}, "beside it"),
    ("input", {"input": 7}, "str or bytes, not int"),
    ("timeout", {"timeout": "soon"}, "'soon' is not a time"),
    ("timeout", {"timeout": -1}, "-1 is not a time"),
    ("timeout", {"timeout": True}, "is not a time"),
    ("timeout", {"timeout": float("nan")}, "is not a time"),
    ("output_limit", {"output_limit": "1X"}, "'1X' is not a size"),
    ("env", {"env": ["=x"]}, "is not a variable's name"),
    ("env", {"env": {"A": 1}}, "A must be a string without NUL, not int"),
    ("env", {"env": "A=b"}, "is not a list of strings"),
    ("user", {"user": ""}, "is not a string that says something"),
    ("workdir", {"workdir": "tmp"}, "is not an absolute path"),
    ("preserve_fds", {"preserve_fds": [9999]}, "is not an open descriptor"),
    ("tty", {"tty": True}, "run() needs capture_output"),
    ("tty", {"tty": "yes"}, "is not True or (width, height)"),
    ("tty", {"tty": (0, 1)}, "is not a whole number from 1 to 65535"),
    ("stdout", {"tty": True, "stdout": DEVNULL}, "with tty it is the terminal"),
    ("rootfs", {"rootfs": "/nowhere"}, "/nowhere does not exist"),
    ("rootfs", {"rootfs": "/etc/passwd"}, "/etc/passwd is not a directory"),
    ("name", {"name": "-x"}, "'-x' is not a proper name"),
    ("labels", {"labels": "a=b"}, "is not a list of strings"),
    ("stop_signal", {"stop_signal": "SIGNOPE"}, "is not a signal"),
    ("stop_timeout", {"stop_timeout": "x"}, "is not a time"),
    ("hostname", {"hostname": "a b"}, "is not a host name"),
    ("hostname", {"hostname": "x" * 65}, "is not a host name"),
    ("network", {"network": "moon"}, "is not one of none, host"),
    ("isolation", {"isolation": "magic"}, "is not one of process, vm, hyperv"),
    ("image", {"image": ""}, "is not a string that says something"),
    ("pull", {"pull": "sometimes"}, "is not one of always, missing, never"),
    ("platform", {"platform": "windows/amd64"}, "without an image it is this machine's"),
    ("rootfs", {"rootfs": "/usr", "image": "alpine"}, "an image has a root of its own"),
    ("mounts", {"mounts": ["a:b"]}, "is not a cloche.Mount"),
    ("mounts", {"mounts": [Mount.bind("/tmp", "rel")]}, "'rel' is not an absolute path"),
    ("mounts", {"mounts": [Mount.bind("/tmp", "/")]}, "'/' is not an absolute path"),
    ("mounts", {"mounts": [Mount.bind("/nowhere", "/a")]}, "/nowhere does not exist"),
    ("mounts", {"mounts": [Mount.bind("/dev/null", "/a")]}, "/dev/null is a device"),
    ("volumes", {"volumes": ["/tmp"]}, "'/tmp' is not SRC:DST[:ro]"),
    ("volumes", {"volumes": ["/tmp:/a:rx"]}, "is not SRC:DST[:ro]"),
    ("volumes", {"volumes": [":/a"]}, "is not SRC:DST[:ro]"),
    ("tmpfs", {"tmpfs": ["/a:colour=red"]}, "is not PATH[:size"),
    ("tmpfs", {"tmpfs": ["/a:size=big"]}, "'big' is not a size"),
    ("tmpfs", {"tmpfs": ["/a:mode=9"]}, "is not PATH"),
    ("files", {"files": {"rel": "x"}}, "'rel' is not an absolute path"),
    ("files", {"files": {"/a": 7}}, "must be str or bytes, not int"),
    ("files", {"files": ["/a"]}, "is not a mapping"),
    ("memory", {"memory": "lots"}, "'lots' is not a size"),
    ("memory_swap", {"memory_swap": "1G"}, "it needs memory beside it"),
    ("memory_swap", {"memory": "2G", "memory_swap": "1G"}, "is less than memory"),
    ("cpus", {"cpus": 0}, "is not a number of processors"),
    ("cpus", {"cpus": "2G"}, "is not a number of processors"),
    ("cpu_shares", {"cpu_shares": 1}, "is not a whole number from 2"),
    ("cpuset_cpus", {"cpuset_cpus": "a"}, "is not a list of processors"),
    ("pids_limit", {"pids_limit": "many"}, "is not a whole number"),
    ("cap_add", {"cap_add": ["CAP_FLY"]}, "no such capability: CAP_FLY"),
    ("cap_drop", {"cap_drop": ["FLY"]}, "no such capability: FLY"),
    ("security_opt", {"security_opt": ["magic"]}, "'magic' is not known"),
    ("security_opt", {"security_opt": ["seccomp=/nowhere"]}, "/nowhere: No such file"),
    ("security_opt", {"security_opt": ["seccomp=/etc/passwd"]}, "/etc/passwd"),
    ("devices", {"devices": ["null"]}, "is not /dev/SRC"),
    ("devices", {"devices": ["/dev/nowhere"]}, "/dev/nowhere: no such file"),
    ("devices", {"devices": ["/etc/passwd"]}, "is not a device"),
    ("ulimits", {"ulimits": ["patience=1"]}, "there is no limit patience"),
    ("ulimits", {"ulimits": {"nofile": (2, 1)}}, "the soft limit is the lower one"),
    ("ulimits", {"ulimits": ["nofile=1:2:3"]}, "is not a limit"),
    ("umask", {"umask": "999"}, "is not a number in octal digits"),
    ("oom_score_adj", {"oom_score_adj": 1001}, "from -1000 to 1000"),
    ("allow_unenforced", {"allow_unenforced": ["gravity"]}, "is not one of"),
]


@pytest.mark.parametrize(
    ("parameter", "options", "says"), WRONG, ids=[f"{p}-{o}"[:40] for p, o, _ in WRONG]
)
def test_a_wrong_value_is_named_and_nothing_is_made(engine, traces, parameter, options, says):
    with pytest.raises(InvalidSpec) as caught:
        engine.run(["true"], **options)
    message = str(caught.value)
    assert caught.value.path == parameter
    assert message.startswith(f"{parameter}: ")
    assert says in message
    assert "\n" not in message
    assert traces() == []


LATER = [
    ({"network": "bridge"}, NotSupported, "network: bridge is not supported yet", "network=none"),
    ({"security_opt": ["apparmor=x"]}, NotSupported, "security_opt: apparmor", None),
]


@pytest.mark.parametrize(("options", "error", "says", "hint"), LATER)
def test_what_comes_later_is_recognised_and_refused(engine, options, error, says, hint):
    with pytest.raises(error, match=says) as caught:
        engine.run(["true"], **options)
    assert hint is None or hint in caught.value.hint


def test_a_pool_is_refused_with_a_hint():
    from cloche import Pool

    with pytest.raises(NotSupported) as caught:
        Pool(image="python:3.12", size=8)
    assert "idle=True" in caught.value.hint


def test_a_string_is_refused_with_both_ways_to_write_it(engine):
    with pytest.raises(InvalidSpec, match="must be a list") as caught:
        engine.run("ls -l")
    assert (
        caught.value.hint
        == "['ls', '-l'], or [\"sh\", \"-c\", 'ls -l'] for a shell to take it apart"
    )


@pytest.mark.parametrize("args", [[], None, [""]])
def test_no_command(engine, args):
    with pytest.raises(InvalidSpec, match="there is no command"):
        engine.run(args)


@pytest.mark.parametrize("args", [["a", 1], ["a\0b"], [None], 7])
def test_arguments_are_strings(engine, args):
    with pytest.raises(InvalidSpec, match="args: "):
        engine.run(args)


def test_paths_and_bytes_are_arguments_too(make_engine, recorder, tmp_path):
    make_engine(recorder).run(["echo", tmp_path, b"\xff"], stdout=DEVNULL)
    assert recorder.request.spec.process.args == ("echo", str(tmp_path), "\udcff")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("cwd", "workdir"), ("environment", "env"), ("mem_limit", "memory"), ("memroy", "memory")],
)
def test_an_unknown_parameter_is_a_type_error_with_the_right_name(engine, wrong, right):
    with pytest.raises(TypeError, match=rf"argument '{wrong}'; did you mean '{right}'\?"):
        engine.run(["true"], **{wrong: "x"})


def test_an_unknown_parameter_like_no_other(engine):
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'zzzz'$"):
        engine.run(["true"], zzzz=1)


@pytest.mark.parametrize("name", sorted(RUN))
def test_none_means_not_asked_for(engine, name):
    if name != "text":
        assert engine.run(["true"], **{name: None}).returncode == 0


@pytest.mark.parametrize(
    ("typed", "checked"),
    [(StartOptions, START), (RunOptions, RUN), (ExecOptions, EXEC), (ExecRunOptions, EXEC_RUN)],
)
def test_type_checkers_see_every_parameter(typed, checked):
    assert set(typed.__annotations__) == set(checked) - {"text"}


def test_help_shows_every_parameter():
    import cloche

    for function, checks in ((cloche.run, RUN), (cloche.start, START)):
        for name in checks:
            assert re.search(rf"[ :,]{name}[,.]", function.__doc__), (function, name)


def test_a_secret_is_not_in_the_error(engine):
    with pytest.raises(ClocheError) as caught:
        engine.run(["true"], env={"TOKEN": "hunter2\0"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "bytes_"),
    [(5, 5), ("5", 5), ("1k", 1024), ("1K", 1024), ("256M", 256 << 20), ("1.5g", 3 << 29),
     ("1gb", 1 << 30), ("1GiB", 1 << 30), (" 2 m ", 2 << 20), ("0", 0), ("7b", 7)],
)  # fmt: skip
def test_sizes_are_binary_in_any_case(written, bytes_):
    assert size("x", written) == bytes_


@pytest.mark.parametrize(
    "wrong", ["", "-1", -1, "1e3", "M", "1X", None, [], float("inf"), "9" * 30]
)
def test_what_is_no_size(wrong):
    with pytest.raises(InvalidSpec, match="x: "):
        size("x", wrong)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (5, 5),
        (0.25, 0.25),
        ("5", 5),
        ("5s", 5),
        ("1m", 60),
        ("1.5h", 5400),
        ("250ms", 0.25),
        (0, 0),
    ],
)
def test_times(written, seconds):
    assert duration("x", written) == seconds
