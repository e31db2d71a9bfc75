"""D8: a layer's GUID is asked for once.

The first implementation asked for all layers' GUIDs when it wrote the document, again when it made
the sandbox layer, and again when it prepared that. If a later question failed, the one question
that is left fails with us.
"""

from __future__ import annotations

from ntpath import basename
from typing import Any

from replaying.golden import Golden, Unlike
from replaying.refusing import by_the_book, check_same
from replaying.trace import Call

PATHS = (
    "calls[NameToGuid]",
    "calls[CreateSandboxLayer]",
    "calls[ActivateLayer]",
    "calls[UnprepareLayer]",
    "calls[DeactivateLayer]",
    "calls[DestroyLayer]",
)

ASK = "NameToGuid"


def rewrite(golden: Golden) -> None:
    """Take out every question that was put before for the same container."""
    for step in sorted({call.step for call in golden.named(ASK)}):
        new = golden.new_of(golden.container_of(step))
        if new is None:
            raise Unlike(f"step {step} asks for GUIDs of a container that nobody made")
        calls = golden.of_step(step)
        first = next(number for number, call in enumerate(calls) if call.fn == ASK)
        _ask_once(golden, calls[first:], new)


def _ask_once(golden: Golden, calls: list[Call], new: dict[str, Any]) -> None:
    conf = new.get("conf") or {}
    names = [basename(path.rstrip("\\/")) for path in conf.get("layers") or []]
    questions = _questions(calls, names, vm=bool(conf.get("useHyperV")))
    for number, question in enumerate(questions):
        if number >= len(names):
            first = questions[number % len(names)]
            golden.take_out(question)
            if not question.succeeded:
                _fail_at_once(golden, first, question, calls, new)


def _questions(calls: list[Call], names: list[str], *, vm: bool) -> list[Call]:
    """The questions in their order; all that comes between them must be what has to.

    Of a virtual machine's layer another rule has left out what prepares it.
    """
    between, prepared = ([], []) if vm else (["ActivateLayer"], ["PrepareLayer"])
    questions = []
    expected = [*names, *names, "CreateSandboxLayer", *between, *names, *prepared]
    for number, call in zip(range(len(expected)), calls, strict=False):
        wanted = expected[number]
        asks = number < 2 * len(names) or wanted not in ("CreateSandboxLayer", *between, *prepared)
        if call.fn != (ASK if asks else wanted) or (asks and call.args != {"name": wanted}):
            raise Unlike(f"call {call.origin} is {call.fn} {call.args}, and not about {wanted}")
        if asks:
            questions.append(call)
        if not call.succeeded:
            break
    return questions


def _fail_at_once(
    golden: Golden, first: Call, question: Call, calls: list[Call], new: dict[str, Any]
) -> None:
    """The first question fails as the later one did; what came after it is not reached."""
    _check(golden, calls, calls.index(question), new)
    golden.move_fault(question, first)
    first.hr, first.out = question.hr, {}
    for call in calls[calls.index(first) + 1 :]:
        if call in golden.calls:
            golden.take_out(call)


def _check(golden: Golden, calls: list[Call], failed: int, new: dict[str, Any]) -> None:
    """What is not reached must be what the first implementation does."""
    book = by_the_book(golden)
    begun = [call for call in book.play() if call.step == calls[0].step]
    check_same(calls[:failed], begun[:failed])
    sandbox = any(call.fn == "CreateSandboxLayer" for call in calls[:failed])
    cleared = book.clear_up(new) if sandbox else []
    for call in cleared:
        call.step = calls[0].step
    check_same(calls[failed + 1 :], cleared)
