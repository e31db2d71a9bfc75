"""Hooks that fail: what becomes of the container, and of the hooks after them."""

from __future__ import annotations

from typing import Any

import pytest

from .changes import Change, every, top
from .test_hooks import KINDS, Notes, hooked, notes

__all__ = ["notes"]

AT_CREATION = ("prestart", "createRuntime", "createContainer")
AT_START = ("startContainer", "poststart")


def failing(notes: Notes, kind: str) -> Change:
    """Have two hooks of each kind, of which the first of ``kind`` fails."""

    def change(config: dict[str, Any]) -> None:
        config["hooks"][kind][0]["args"][2] += "\nexit 3"

    return every(hooked(notes, count=2), change)


def called_until(kind: str) -> list[str]:
    before = KINDS[: KINDS.index(kind)]
    return [*(f"{each}-{number}" for each in before for number in (1, 2)), f"{kind}-1"]


@pytest.mark.parametrize("kind", AT_CREATION)
def test_one_of_the_creation_that_fails_is_an_error_and_no_container_is_left(
    runtime, notes, kind
) -> None:
    assert runtime.refuses(failing(notes, kind), "sleep", "600")
    assert notes.order()[: len(called_until(kind))] == called_until(kind)
    assert runtime.groups() == []


@pytest.mark.parametrize("kind", AT_CREATION)
def test_when_the_creation_fails_by_a_hook_those_of_the_end_are_called(
    runtime, notes, kind
) -> None:
    runtime.refuses(failing(notes, kind), "sleep", "600")
    assert notes.order() == [*called_until(kind), "poststop-1", "poststop-2"]


@pytest.mark.parametrize("kind", AT_START)
def test_one_of_the_start_that_fails_is_an_error_and_ends_the_container(
    runtime, notes, kind
) -> None:
    runtime.create("sleep", "600", change=failing(notes, kind))
    said = runtime("start", "box")
    assert said.code != 0
    assert said.err != ""
    runtime.wait_for(lambda: '"running"' not in runtime("state", "box").out)
    assert notes.order()[: len(called_until(kind))] == called_until(kind)


@pytest.mark.parametrize("kind", AT_START)
def test_when_the_start_fails_by_a_hook_the_container_is_destroyed(runtime, notes, kind) -> None:
    runtime.create("sleep", "600", change=failing(notes, kind))
    assert runtime("start", "box").code != 0
    assert runtime("state", "box").code != 0
    assert runtime.groups() == []
    assert notes.order() == [*called_until(kind), "poststop-1", "poststop-2"]


def test_one_of_the_end_that_fails_is_a_warning_and_the_others_are_called(runtime, notes) -> None:
    runtime.create("sleep", "600", change=failing(notes, "poststop"))
    runtime("kill", "box", "KILL")
    runtime.until("stopped")
    said = runtime("delete", "box")
    assert said.code == 0
    assert notes.order()[-2:] == ["poststop-1", "poststop-2"]
    assert said.err != "", "there was no warning"
    assert runtime("state", "box").code != 0
    assert runtime.groups() == []


def test_a_hook_that_takes_too_long_fails(runtime) -> None:
    slow = {"path": "/bin/sleep", "args": ["sleep", "60"], "timeout": 1}
    assert runtime.refuses(lambda config: config.update(hooks={"createRuntime": [slow]}))


def test_a_hooks_path_is_absolute(runtime) -> None:
    hook = {"path": "bin/true", "args": ["true"]}
    assert [kind for kind in KINDS if runtime.accepts(top(hooks={kind: [hook]}))] == []


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_hooks_time_is_greater_than_none(runtime, timeout: int) -> None:
    hook = {"path": "/bin/true", "args": ["true"], "timeout": timeout}
    assert [kind for kind in KINDS if runtime.accepts(top(hooks={kind: [hook]}))] == []
