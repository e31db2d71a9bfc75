"""Where memory is taken, of a container's process and of those executed in it."""

from __future__ import annotations

import json

import pytest

POLICY = ("sh", "-c", "head -n 1 /proc/self/numa_maps | cut -d ' ' -f 2")


def under(**policy):
    return lambda config: config["linux"].update(memoryPolicy=policy)


@pytest.mark.parametrize(
    ("policy", "seen"),
    [
        ({"mode": "MPOL_DEFAULT"}, "default"),
        ({"mode": "MPOL_LOCAL"}, "local"),
        ({"mode": "MPOL_PREFERRED", "nodes": "0"}, "prefer:0"),
        ({"mode": "MPOL_PREFERRED_MANY", "nodes": "0"}, "prefer (many):0"),
        ({"mode": "MPOL_INTERLEAVE", "nodes": "0"}, "interleave:0"),
        ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}, "bind=static:0"),
        (
            {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_RELATIVE_NODES"]},
            "bind=relative:0",
        ),
    ],
)
def test_memory_is_taken_as_the_policy_says(oci, policy, seen: str) -> None:
    """The kernel names one mode in two words, of which the first is seen here."""
    said = oci.run(*POLICY, change=under(**policy))
    assert (said.code, said.out) == (0, f"{seen.partition(' ')[0]}\n"), said.err


def test_executed_processes_are_under_the_policy_and_of_the_personality_too(oci) -> None:
    def change(config) -> None:
        under(mode="MPOL_INTERLEAVE", nodes="0")(config)
        config["linux"]["personality"] = {"domain": "LINUX32"}

    oci.create("sleep", "600", change=change)
    assert oci("start", "box").code == 0
    assert oci("exec", "box", *POLICY).out == "interleave:0\n"
    assert oci("exec", "box", "cat", "/proc/self/personality").out == "00000008\n"


@pytest.mark.parametrize(
    ("policy", "fault"),
    [
        ({"mode": "INTERLEAVE"}, "mode: invalid memory policy mode: 'INTERLEAVE' is "),
        (
            {"mode": "MPOL_PREFERRED", "nodes": "0", "flags": ["MPOL_F_LOCAL_NODES"]},
            "flags[0]: invalid memory policy flag 'MPOL_F_LOCAL_NODES'",
        ),
        (
            {"mode": "MPOL_BIND", "nodes": "all"},
            "nodes: invalid memory policy nodes: 'all' is not a list of memory nodes",
        ),
        (
            {"mode": "MPOL_BIND", "nodes": "2-1"},
            "nodes: invalid memory policy nodes: no memory nodes are 2-1",
        ),
        ({"mode": "MPOL_BIND"}, "nodes: MPOL_BIND mode requires at least one node"),
        (
            {"mode": "MPOL_DEFAULT", "nodes": "0-7"},
            "nodes: MPOL_DEFAULT mode requires 0 nodes but got 8",
        ),
    ],
)
def test_a_policy_that_is_none_is_refused_by_its_place(oci, policy, fault: str) -> None:
    said = oci.run("true", change=under(**policy))
    assert said.code == 1
    assert said.err.startswith(f"cloche: linux.memoryPolicy.{fault}")
    assert list(oci.state.glob("*")) == []


def test_the_kernel_refuses_nodes_that_are_not_there(oci) -> None:
    said = oci.run("true", change=under(mode="MPOL_BIND", nodes="1000"))
    assert (said.code, "memory_policy: Invalid argument" in said.err) == (1, True)
    assert list(oci.state.glob("*")) == []


def test_features_name_modes_and_flags(oci) -> None:
    told = json.loads(oci("features").out)["linux"]["memoryPolicy"]
    assert "MPOL_WEIGHTED_INTERLEAVE" in told["modes"]
    assert told["flags"] == [
        "MPOL_F_NUMA_BALANCING",
        "MPOL_F_RELATIVE_NODES",
        "MPOL_F_STATIC_NODES",
    ]
