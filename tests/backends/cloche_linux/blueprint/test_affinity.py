"""Lists of processors are read as the kernel writes them, and anything else is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cloche.errors import InvalidSpec
from cloche.spec import CPUAffinity, Process
from cloche_linux.blueprint.affinity import check_affinity, final_affinity, initial_affinity

PROCESSORS = st.integers(0, 8191)


def wanting(**affinity: str) -> Process:
    return Process(cwd="/", exec_cpu_affinity=CPUAffinity(**affinity))


@given(st.lists(st.tuples(PROCESSORS, st.integers(0, 9)), min_size=1, max_size=5))
def test_numbers_and_ranges_are_all_that_they_name(pairs: list[tuple[int, int]]) -> None:
    ranges = [(first, min(first + more, 8191)) for first, more in pairs]
    text = ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)
    named = {number for a, b in ranges for number in range(a, b + 1)}
    assert initial_affinity(wanting(initial=text)) == named
    assert final_affinity(wanting(final=text)) == named


@given(st.text(alphabet="0123456789-, ٣x\n", min_size=1, max_size=12))
def test_whatever_is_no_list_is_refused_by_its_path(text: str) -> None:
    assume(not re.fullmatch(r"[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*", text))
    with pytest.raises(InvalidSpec) as caught:
        check_affinity(wanting(final=text))
    assert caught.value.path == "process.execCPUAffinity.final"


@pytest.mark.parametrize("text", ["8192", "0-8192", "3-1", "999999999", "1,,2", "-1", "0-1-2"])
def test_no_kernel_has_these(text: str) -> None:
    with pytest.raises(InvalidSpec):
        check_affinity(wanting(initial=text))


def test_said_is_only_where_it_begins_and_then_it_is_the_groups() -> None:
    assert final_affinity(wanting(initial="0")) == range(8192)


@pytest.mark.parametrize("process", [Process(cwd="/"), wanting(), wanting(initial="", final="")])
def test_nothing_said_changes_nothing(process: Process) -> None:
    assert initial_affinity(process) is None
    assert final_affinity(process) is None
