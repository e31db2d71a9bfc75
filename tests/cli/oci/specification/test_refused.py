"""What this machine has nothing for is an error."""

from __future__ import annotations

from cloche_linux.mountinfo import points_of

from .changes import linux


def test_without_resctrl_to_ask_for_it_is_an_error(runtime) -> None:
    assert points_of({"resctrl"}) == [], "here it could be tried"
    wrong = {
        "named": linux(intelRdt={"closID": "box", "schemata": ["L3:0=1"]}),
        "unnamed": linux(intelRdt={"l3CacheSchema": "L3:0=1"}),
    }
    assert [name for name, change in wrong.items() if runtime.accepts(change)] == []
