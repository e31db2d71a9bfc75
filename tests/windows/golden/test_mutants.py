"""The comparator finds whatever is wrong with the calls of a trace, whichever rules apply to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from replaying.comparing import first_difference
from replaying.golden import Unlike
from replaying.mutants import mutants
from replaying.rules import expect
from replaying.trace import Contradiction, Trace, read_document, read_trace


def test_every_mutant_of_a_golden_trace_is_found(golden: Path) -> None:
    """A call left out, exchanged with its neighbour, or altered in an argument, a value, a code."""
    document = json.loads(golden.read_text("utf-8"))
    expected, _ = expect(read_document(document), watched=False)
    found = [(what, is_found(mutant, expected)) for what, mutant in mutants(document)]
    assert len(found) >= 3 * len(document["calls"])
    assert [what for what, whether in found if not whether] == []


def is_found(mutant: dict, expected: Trace) -> bool:
    """Whether a run that did as the golden trace says would differ from its mutant."""
    try:
        wanted, _ = expect(read_document(mutant), watched=False)
    except (Unlike, Contradiction):
        return True
    return first_difference(wanted, expected) is not None


def test_a_golden_trace_is_like_itself(golden: Path) -> None:
    assert first_difference(read_trace(golden), read_trace(golden)) is None


@pytest.mark.parametrize(
    ("alter", "where"),
    [
        (lambda trace: trace.results[3].values.update(exitCode=8), "step 3 (exitcode)"),
        (lambda trace: trace.results[1].values.update(error={}), "step 1 (start)"),
        (lambda trace: trace.results[0].files.clear(), "step 0 (new) files"),
        (lambda trace: trace.notifications.pop(), "notification 4"),
        (lambda trace: setattr(trace.notifications[2], "status", "0x80070005"), "notification 3"),
        (lambda trace: setattr(trace.notifications[3], "cause", 1), "notification 4"),
    ],
)
def test_other_results_files_and_notifications_are_found(alter, where: str) -> None:
    path = Path(__file__).parents[1] / "traces" / "01-minimal.json"
    altered = read_trace(path)
    alter(altered)
    difference = first_difference(read_trace(path), altered)
    assert difference is not None
    assert difference.where.startswith(where)


def test_true_is_not_1_in_documents() -> None:
    path = Path(__file__).parents[1] / "traces" / "01-minimal.json"
    altered = read_trace(path)
    altered.calls[8].args["configuration"]["HvPartition"] = 0
    difference = first_difference(read_trace(path), altered)
    assert str(difference).endswith("HvPartition: expected False, got 0")


def test_a_document_that_is_said_twice_and_otherwise_is_a_contradiction() -> None:
    path = Path(__file__).parents[1] / "traces" / "01-minimal.json"
    document = json.loads(path.read_text("utf-8"))
    document["calls"][8]["parsed_configuration"]["Owner"] = "docker"
    with pytest.raises(Contradiction, match="parsed_configuration is not what"):
        read_document(document)
