"""What plug-ins may change and hear."""

from __future__ import annotations

import warnings

import pytest

from cloche import PIPE, PluginWarning, hookimpl


class Setter:
    """Adds a variable that says what was there before."""

    def __init__(self, value: str) -> None:
        self.__name__ = value
        self.value = value

    @hookimpl
    def cloche_prepare_spec(self, request):
        def change(spec):
            seen = [v for v in spec.process.env if v.startswith("SEEN=")]
            env = (*[v for v in spec.process.env if v not in seen], f"SEEN={seen}{self.value}")
            return spec.replace(process=spec.process.replace(env=env))

        return change


def test_changes_are_applied_in_the_order_of_names(make_engine):
    engine = make_engine(Setter("b"), Setter("a"))
    output = engine.run(["env"], stdout=PIPE, text=True).stdout
    assert "SEEN=['SEEN=[]a']b" in output


def test_the_root_is_not_theirs_to_change(make_engine, recorder):
    class Thief:
        @hookimpl
        def cloche_prepare_spec(self, request):
            return lambda spec: spec.replace(root=None)

    with make_engine(Thief()).start(idle=True) as container:
        assert container.spec.root.path


def test_a_hook_that_fails_stops_the_run_before_anything_is_made(make_engine, traces):
    class Broken:
        @hookimpl
        def cloche_prepare_spec(self, request):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_engine(Broken()).run(["true"])
    assert traces() == []


def test_observers_hear_of_a_life(make_engine, recorder):
    with make_engine(recorder).start(["exit", "3"], name="web") as container:
        container.wait()
    told = [(event.kind, event.name, event.container) for event in recorder.events]
    assert told == [(kind, "web", container.id) for kind in ("start", "end", "remove")]
    assert recorder.events[1].facts["status"].code == 3


def test_observers_hear_of_a_run_and_of_execs(make_engine, recorder):
    engine = make_engine(recorder)
    engine.run(["true"])
    with engine.start(idle=True) as container:
        container.run(["true"])
    kinds = [event.kind for event in recorder.events]
    assert kinds == ["start", "end", "remove", "start", "exec", "remove"]


def test_an_observer_that_fails_is_a_warning(make_engine):
    class Broken:
        @hookimpl
        def cloche_event(self, event):
            raise ZeroDivisionError("oh")

    engine = make_engine(Broken())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert engine.run(["true"]).returncode == 0
    assert {warning.category for warning in caught} == {PluginWarning}
    assert "plug-in Broken failed at the event start: ZeroDivisionError: oh" in str(
        caught[0].message
    )


def test_hooks_may_leave_out_parameters(make_engine):
    class Modest:
        heard = 0

        @hookimpl
        def cloche_event(self):
            Modest.heard += 1

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_engine(Modest()).run(["true"])
    assert Modest.heard == 3
