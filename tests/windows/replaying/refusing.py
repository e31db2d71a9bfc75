"""What is left of a golden trace where we refuse what the first implementation let pass."""

from __future__ import annotations

from replaying.comparing import first_difference
from replaying.first import First
from replaying.golden import Golden, Unlike
from replaying.trace import Call, Trace

__all__ = ["by_the_book", "check", "refuse"]

#: What comes of a step that is about a container which could not be made.
NOBODY = {"error": {"kind": "NotFound", "errno": None}}
#: Steps that need a container.
ABOUT_CONTAINERS = frozenset(
    {"start", "pid", "exitcode", "exec", "terminate", "shutdown", "remove", "exitcode_async"}
)


def refuse(golden: Golden, step: int, kind: str) -> None:
    """A ``new`` is refused before anything is done: neither it nor what follows makes a call."""
    check(golden)
    name = golden.steps[step].get("c", "c")
    golden.results[step].values = {"error": {"kind": kind, "errno": None}}
    _clear(golden, step)
    for number, each in enumerate(golden.steps):
        if number > step and each["op"] in ABOUT_CONTAINERS and each.get("c", "c") == name:
            _clear(golden, number)
            golden.results[number].values = dict(NOBODY)


def check(golden: Golden) -> None:
    """Make sure that what will be lost is what the first implementation does; else Unlike.

    It is certain where nothing is made to fail. Where the last step failed by itself, it is known
    how the calls begin.
    """
    first = by_the_book(golden)
    if first.knows:
        played = first.play()
        if golden.results[-1].values.get("error") is not None:
            played = played[: len(golden.calls)]
            if not golden.calls:
                raise Unlike("it failed before the first call")
        check_same(golden.calls, played)


def by_the_book(golden: Golden) -> First:
    """The first implementation, with the GUIDs of this trace."""
    guids = {
        str(each.args["name"]): str(each.out["guid"])
        for each in golden.named("NameToGuid")
        if each.succeeded
    }
    return First(golden.scenario, guids)


def check_same(calls: list[Call], played: list[Call]) -> None:
    """Raise Unlike where calls are not what was played."""
    recorded, book = (
        Trace(scenario={}, calls=each, notifications=[], results=[]) for each in (calls, played)
    )
    difference = first_difference(recorded, book)
    if difference is not None:
        raise Unlike(f"not what the first implementation does: {difference}")


def _clear(golden: Golden, step: int) -> None:
    calls = golden.of_step(step)
    for call in calls:
        golden.take_out(call)
    golden.drop_notifications_of(calls)
    golden.results[step].files.clear()
