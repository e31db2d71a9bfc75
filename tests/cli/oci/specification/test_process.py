"""The process: its place, its limits, what it may do, and how it is scheduled."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from .changes import every, linux, process


def test_the_first_argument_is_looked_for_as_execvp_does(runtime) -> None:
    env = process(env=["PATH=/no:/bin"])
    assert runtime.run("busybox", "echo", "found", change=env).out == "found\n"
    assert runtime.run("/bin/busybox", "echo", "found", change=env).out == "found\n"
    assert runtime.run("nosuch", change=env).code != 0


def test_it_runs_where_it_is_to(runtime) -> None:
    assert runtime.inside("pwd", change=process(cwd="/etc")) == "/etc\n"


def test_it_is_who_it_is_to_be(runtime) -> None:
    user = {"uid": 5, "gid": 6, "additionalGids": [7, 8], "umask": 0o27}
    script = "id -u; id -g; grep ^Groups /proc/self/status; umask"
    said = runtime.inside(script, change=process(user=user)).split()
    assert said == ["5", "6", "Groups:", "7", "8", "0027"]


def test_its_limits_are_those_that_were_given(runtime) -> None:
    limits = [
        {"type": "RLIMIT_NOFILE", "soft": 70, "hard": 80},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 1 << 20},
        {"type": "RLIMIT_CPU", "soft": 100, "hard": 200},
    ]
    said = runtime.inside("cat /proc/self/limits", change=process(rlimits=limits))
    found = {line[:25].strip(): line[26:].split()[:2] for line in said.splitlines()}
    assert found["Max open files"] == ["70", "80"]
    assert found["Max core file size"] == ["0", str(1 << 20)]
    assert found["Max cpu time"] == ["100", "200"]


def test_every_limit_of_the_kernel_is_known(runtime) -> None:
    """Each as it is, so that nobody needs a right to raise it."""
    now = {kind: resource.prlimit(0, number) for number, kind in enumerate(_by_number())}
    limits = [
        {"type": f"RLIMIT_{kind}", "soft": soft % 2**64, "hard": hard % 2**64}
        for kind, (soft, hard) in now.items()
    ]
    assert runtime.inside("echo made", change=process(rlimits=limits)) == "made\n"


def _by_number() -> tuple[str, ...]:
    """In the order of asm-generic/resource.h."""
    return (
        *("CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE"),
        *("MEMLOCK", "AS", "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"),
    )


def test_a_capability_that_cannot_be_had_is_warned_of(runtime) -> None:
    sets = {name: ["CAP_KILL", "CAP_NO_SUCH"] for name in ("bounding", "effective", "permitted")}
    said = runtime.run("grep", "CapEff", "/proc/self/status", change=process(capabilities=sets))
    assert said.code == 0, said.err
    assert int(said.out.split()[1], 16) == 1 << 5
    assert "CAP_NO_SUCH" in said.err


def test_its_capabilities_are_those_that_were_given(runtime) -> None:
    names, bits = ["CAP_KILL", "CAP_CHOWN"], 1 << 5 | 1
    sets = dict.fromkeys(("bounding", "effective", "permitted", "inheritable", "ambient"), names)
    said = runtime.inside("grep ^Cap /proc/self/status", change=process(capabilities=sets))
    assert [int(word, 16) for word in said.split()[1::2]] == [bits] * 5


@pytest.mark.parametrize("score", [123, 0])
def test_its_score_for_the_killer_is_that_which_was_given(runtime, score: int) -> None:
    said = runtime.inside("cat /proc/self/oom_score_adj", change=process(oomScoreAdj=score))
    assert int(said) == score


def test_a_score_that_was_not_given_stays_as_it_was(runtime) -> None:
    script = 'echo 77 > /proc/self/oom_score_adj && exec "$@"'
    runtime.program = ["sh", "-c", script, "sh", *runtime.program]
    assert runtime.inside("cat /proc/self/oom_score_adj") == "77\n"


def test_it_is_scheduled_as_it_is_to_be(runtime) -> None:
    change = every(
        process(
            scheduler={"policy": "SCHED_BATCH", "nice": 7},
            ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 6},
        ),
        linux(personality={"domain": "LINUX32"}),
    )
    script = "grep ^policy /proc/self/sched; cut -d' ' -f 19 /proc/self/stat; ionice; uname -m"
    said = runtime.inside(script, change=change).split()
    assert said[2:4] == ["3", "7"]
    assert said[4:7] == ["best-effort:", "prio", "6"]
    assert said[7] in ("i686", "armv8l")


def test_what_the_schedulers_are_not_told_is_0(runtime) -> None:
    script = "grep -E '^(policy|prio) ' /proc/self/sched; cut -d' ' -f 19 /proc/self/stat"
    change = process(scheduler={"policy": "SCHED_OTHER"})
    assert runtime.inside(script, change=change).split() == [
        "policy", ":", "0", "prio", ":", "120", "0"
    ]  # fmt: skip


def test_only_its_streams_are_open(runtime) -> None:
    pid = runtime.create("sleep", "600")
    assert runtime("start", "box").code == 0
    assert sorted(each.name for each in Path(f"/proc/{pid}/fd").iterdir()) == ["0", "1", "2"]
