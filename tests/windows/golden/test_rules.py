"""The rules, one for each decision, name what they change, and are needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from replaying.first import First
from replaying.golden import Golden, Unlike
from replaying.goldens import golden_traces
from replaying.refusing import by_the_book, check_same
from replaying.rules import RULES, Overreach, Rule, expect
from replaying.trace import read_trace

TRACES = Path(__file__).parents[1] / "traces"
#: So many traces, at least, prove the book.
KNOWN = 25


def test_there_is_one_rule_for_each_decision() -> None:
    assert sorted(rule.name for rule in RULES) == sorted(f"D{number}" for number in range(1, 16))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_is_needed_by_a_trace(rule: Rule) -> None:
    needing = [path.stem for path in golden_traces() if rule.name in expect(read_trace(path))[1]]
    assert needing


def test_a_rule_that_changes_what_it_does_not_name_is_stopped() -> None:
    def rewrite(golden: Golden) -> None:
        golden.calls[0].args["name"] = "other"

    rule = Rule("D0", ("calls[NameToGuid].hr", "steps[*]"), rewrite)
    with pytest.raises(Overreach, match=r"D0 changes calls\[NameToGuid\].args.name"):
        rule.apply(Golden(read_trace(TRACES / "01-minimal.json")))


def test_the_first_implementation_is_known_by_the_book(golden: Path) -> None:
    """What rules lean on where no calls are left to compare is proven where there are some."""
    trace = Golden(read_trace(golden))
    if is_in_the_book(trace):
        check_same(trace.calls[:13], by_the_book(trace).play()[:13])


def test_the_book_is_about_many_traces() -> None:
    known = [path for path in golden_traces() if is_in_the_book(Golden(read_trace(path)))]
    assert len(known) >= KNOWN


def is_in_the_book(trace: Golden) -> bool:
    book: First = by_the_book(trace)
    return book.knows and all(result.values.get("error") is None for result in trace.results)


def test_a_trace_that_is_refused_must_be_the_first_implementation_s() -> None:
    trace = read_trace(TRACES / "C0-id-with-separator.json")
    del trace.calls[-1]
    with pytest.raises(Unlike, match="not what the first implementation does"):
        expect(trace)


def test_faults_meet_the_calls_that_they_met() -> None:
    """The third question for GUIDs failed; the only one that is left fails now."""
    expected, _ = expect(read_trace(TRACES / "49-nametoguid-fails-prepare.json"))
    assert expected.scenario["hcs"]["faults"][0]["nth"] == 1
    assert [(call.fn, call.hr) for call in expected.calls] == [("NameToGuid", "0x80070005")]
