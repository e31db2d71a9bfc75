"""Filters of system calls."""

from __future__ import annotations

from .changes import linux
from .test_required import filtered


def test_a_rule_answers_with_its_number_or_with_eperm(runtime) -> None:
    rules = [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95},
        {"names": ["rmdir", "unlinkat"], "action": "SCMP_ACT_ERRNO"},
        {"names": ["no_such_call"], "action": "SCMP_ACT_ERRNO"},
    ]
    change = linux(seccomp={"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules})
    said = runtime.run("sh", "-c", "mkdir /tmp/x; rmdir /tmp", change=change)
    assert "not supported" in said.err
    assert "not permitted" in said.err


def test_every_operator_compares(runtime) -> None:
    """By the second argument of kill, which is the signal that nobody is sent."""
    answers = {
        "EQ": (0, 0), "NE": (1, 0), "LT": (1, 0), "LE": (0, 0), "GT": (None, 0), "GE": (0, 0),
        "MASKED_EQ": (1, 0),
    }  # fmt: skip
    found = {}
    for name, (value, two) in answers.items():
        compared = {"index": 1, "value": 1 if value is None else value, "op": f"SCMP_CMP_{name}"}
        if name == "MASKED_EQ":
            compared["valueTwo"] = two
        change = filtered(names=["kill"], errnoRet=95, args=[compared])
        said = runtime.run("sh", "-c", "kill -0 $$", change=change)
        found[name] = "not supported" in said.err
    assert found == {name: name != "GT" for name in answers}


def test_a_filter_stays_with_all_that_comes_of_the_process(runtime) -> None:
    said = runtime.inside("grep ^Seccomp: /proc/self/status", change=filtered())
    assert said.split() == ["Seccomp:", "2"]
