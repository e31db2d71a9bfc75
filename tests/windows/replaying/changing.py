"""What a rule changed, as paths: ``calls[HcsCreateProcess].args.processParameters.CommandLine``."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from replaying.trace import Call, Notification, Result, Trace, same

__all__ = ["changed_paths", "is_named"]


def changed_paths(before: Trace, after: Trace) -> set[str]:
    """Every place where two states of one golden trace differ."""
    return {
        *_between("scenario", before.scenario, after.scenario),
        *_calls(before.calls, after.calls),
        *_notifications(before.notifications, after.notifications),
        *_results(before.results, after.results),
    }


def is_named(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a path lies under one of the paths that a rule names; ``*`` is any part of one."""
    literal = path.replace("[", "<").replace("]", ">")
    wanted = [pattern.replace("[", "<").replace("]", ">") for pattern in patterns]
    return any(fnmatchcase(literal, each) or fnmatchcase(literal, f"{each}.*") for each in wanted)


def _calls(before: list[Call], after: list[Call]) -> Iterator[str]:
    old = {each.origin: each for each in before}
    new = {each.origin: each for each in after}
    kept = [origin for origin in old if origin in new]
    if kept != [origin for origin in new if origin in old]:
        yield "calls.order"
    for each in after:
        if each.origin not in old:
            yield f"calls[{each.fn}]"
    for origin, each in old.items():
        place = f"calls[{each.fn}]"
        yield from [place] if origin not in new else _call(place, each, new[origin])


def _call(place: str, before: Call, after: Call) -> Iterator[str]:
    if before.fn.startswith("HcsRegister"):
        # It counts the callbacks before it.
        before.args["context"] = after.args["context"]
    yield from _between(f"{place}.args", before.args, after.args)
    yield from _between(f"{place}.out", before.out, after.out)
    yield from _between(f"{place}.hr", before.hr, after.hr)
    yield from _between(f"{place}.step", before.step, after.step)


def _notifications(before: list[Notification], after: list[Notification]) -> Iterator[str]:
    old, new = ({each.origin: each for each in told} for told in (before, after))
    for origin, each in {**old, **new}.items():
        there = origin in old and origin in new
        if not there or _told(old[origin]) != _told(new[origin]):
            yield f"notifications[{each.type}]"


def _told(each: Notification) -> tuple[object, ...]:
    cause = each.cause.origin if isinstance(each.cause, Call) else each.cause
    return each.status, each.target, each.system, each.callbacks, each.swallowed, cause


def _results(before: list[Result], after: list[Result]) -> Iterator[str]:
    for one, other in zip(before, after, strict=True):
        yield from _between(f"steps[{one.op}]", one.values, other.values)
        yield from _between(f"steps[{one.op}].files", one.files, other.files)


def _between(place: str, before: object, after: object) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            if key not in before or key not in after:
                yield f"{place}.{key}"
            else:
                yield from _between(f"{place}.{key}", before[key], after[key])
    elif not same(before, after):
        yield place
