"""Choice: what was named, else the best of those that can; every refusal is quoted."""

from __future__ import annotations

import pytest

import cloche_stdio.plugin
from cloche import Capability, Engine, NotSupported, Unavailable, hookimpl
from cloche.layers import LayerStoreDescriptor
from cloche.probe import Supported, Unsupported
from cloche.runtime import Isolation, RuntimeDescriptor
from cloche.stdio import StdioDescriptor
from cloche.testing import FakeBackend

EVERYTHING = frozenset(Capability)


class Offers:
    """Runtimes and layer stores by verdict, all of them the fake underneath; counts probes."""

    def __init__(self, name: str = "offers") -> None:
        self.__name__ = name
        self.runtimes: list[RuntimeDescriptor] = []
        self.stores: list[LayerStoreDescriptor] = []
        self.drivers: list[StdioDescriptor] = []
        self.probed: list[str] = []
        self.arguments: list[str | None] = []
        self.fake = FakeBackend()

    def runtime(self, name, verdict, ceiling=50, **facts):
        inner = self.fake.cloche_runtimes()[0]

        def open_runtime(context):
            self.arguments.append(context.argument)
            return inner.open(context)

        facts = {"capabilities": EVERYTHING, "roots": ("path",), "stdio": inner.stdio, **facts}
        probe, score = self._probe(name, verdict), ceiling
        self.runtimes.append(
            RuntimeDescriptor(name=name, ceiling=score, probe=probe, open=open_runtime, **facts)
        )
        return self

    def store(self, name, verdict, ceiling=50, offers=("path",), kinds=("host", "directory")):
        inner = self.fake.cloche_layer_stores()[0]
        self.stores.append(
            LayerStoreDescriptor(
                name=name,
                ceiling=ceiling,
                offers=offers,
                kinds=frozenset(kinds),
                probe=self._probe(name, verdict),
                open=inner.open,
            )
        )
        return self

    def _probe(self, name, verdict):
        def probe(argument):
            self.probed.append(name)
            if isinstance(verdict, Exception):
                raise verdict
            return verdict(argument) if callable(verdict) else verdict

        return probe

    @hookimpl
    def cloche_runtimes(self):
        return self.runtimes

    @hookimpl
    def cloche_layer_stores(self):
        return self.stores

    @hookimpl
    def cloche_stdio_drivers(self):
        return self.drivers


@pytest.fixture
def offers():
    return Offers().store("only", Supported(50))


@pytest.fixture
def engine_of(place):
    made = []

    def make(offers, **options):
        made.append(Engine(root=place, plugins=[offers, cloche_stdio.plugin], **options))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def chosen(engine, **options):
    with engine.start(idle=True, **options) as container:
        return container.inspect().runtime


def test_the_best_score_wins_whatever_the_order(engine_of):
    for order in (("a", "b"), ("b", "a")):
        offers = Offers().store("only", Supported(50))
        for name in order:
            offers.runtime(name, Supported({"a": 10, "b": 20}[name]))
        assert chosen(engine_of(offers)) == "b"


def test_equal_scores_are_decided_by_name(engine_of, offers):
    offers.runtime("b", Supported(50)).runtime("a", Supported(50))
    assert chosen(engine_of(offers)) == "a"


def test_probing_stops_when_none_can_beat_the_best(engine_of, offers):
    offers.runtime("high", Supported(60), 60).runtime("low", Supported(50), 50)
    assert chosen(engine_of(offers)) == "high"
    assert "low" not in offers.probed


def test_a_low_score_does_not_stop_the_probing(engine_of, offers):
    offers.runtime("proud", Supported(5), 60).runtime("modest", Supported(50), 50)
    assert chosen(engine_of(offers)) == "modest"


def test_a_score_above_its_ceiling_counts_as_the_ceiling(engine_of, offers):
    offers.runtime("liar", Supported(100), 10).runtime("honest", Supported(11), 11)
    assert chosen(engine_of(offers)) == "honest"


def test_what_is_named_is_taken_though_others_score_better(engine_of, offers):
    offers.runtime("best", Supported(50)).runtime("named", Supported(1))
    assert chosen(engine_of(offers), runtime="named") == "named"


def test_a_name_may_carry_an_argument(engine_of, offers):
    offers.runtime("oci", lambda argument: Supported(9) if argument == "runc" else Unsupported("?"))
    assert chosen(engine_of(offers), runtime="oci:runc") == "oci:runc"
    assert offers.arguments == ["runc"]


def test_the_order_of_those_who_name(engine_of, offers, monkeypatch, tmp_path):
    """Request, then engine, then environment, then file."""
    for name in ("request", "engine", "environment", "file", "best"):
        offers.runtime(name, Supported(50 if name == "best" else 1))
    assert chosen(engine_of(offers)) == "best"
    (tmp_path / "c.toml").write_text('runtime = "file"')
    monkeypatch.setenv("CLOCHE_CONFIG", str(tmp_path / "c.toml"))
    assert chosen(engine_of(offers)) == "file"
    monkeypatch.setenv("CLOCHE_RUNTIME", "environment")
    assert chosen(engine_of(offers)) == "environment"
    assert chosen(engine_of(offers, runtime="engine")) == "engine"
    assert chosen(engine_of(offers, runtime="engine"), runtime="request") == "request"


def refused(engine, error=Unavailable, **options):
    with pytest.raises(error) as caught:
        engine.run(["true"], **options)
    return str(caught.value), caught.value.hint


def test_an_unknown_name_lists_what_is_installed(engine_of, offers):
    offers.runtime("a", Supported(1))
    assert refused(engine_of(offers), runtime="b") == (
        "runtime: there is no runtime named b",
        "installed: a",
    )


def test_an_unknown_name_of_the_environment_says_who_named_it(engine_of, offers, monkeypatch):
    monkeypatch.setenv("CLOCHE_RUNTIME", "b")
    offers.runtime("a", Supported(1))
    assert refused(engine_of(offers))[0] == "CLOCHE_RUNTIME: there is no runtime named b"


def test_every_verdict_is_quoted(engine_of, offers):
    offers.runtime("a", Unsupported("no kernel", "boot one"))
    offers.runtime("b", ZeroDivisionError("oh"))
    offers.runtime("c", Supported(1), capabilities=frozenset())
    message, hint = refused(engine_of(offers))
    assert message.startswith("no runtime can do this: ")
    for part in ("a: no kernel", "b: its probe failed: ZeroDivisionError: oh", "c: it can't do"):
        assert part in message
    assert hint == "boot one"


def test_one_that_is_named_and_does_not_work(engine_of, offers):
    offers.runtime("a", Unsupported("no kernel", "boot one")).runtime("b", Supported(1))
    assert refused(engine_of(offers), runtime="a") == (
        "no runtime can do this: a: no kernel",
        "boot one",
    )


def test_what_no_machine_could_is_not_supported(engine_of, offers):
    offers.runtime("a", Supported(1), capabilities=EVERYTHING - {Capability.LIMITS})
    message, _ = refused(engine_of(offers), NotSupported, memory="1G")
    assert message == "no runtime can do this: a: memory: it can't do limits"


def test_what_is_missing_here_is_told_with_the_way_out(engine_of, offers):
    missing = {Capability.LIMITS: "user u has no delegated memory cgroup"}
    offers.runtime("a", Supported(1, missing))
    assert refused(engine_of(offers), memory="1G") == (
        "memory: user u has no delegated memory cgroup",
        "run as root, or --allow-unenforced memory",
    )


def test_what_may_be_unenforced_is_not_needed(engine_of, offers):
    offers.runtime("a", Supported(1, {Capability.LIMITS: "none here"}))
    engine = engine_of(offers)
    assert engine.run(["true"], memory="1G", allow_unenforced=["memory"]).returncode == 0


def test_one_that_has_what_is_needed_beats_a_better_one(engine_of, offers):
    offers.runtime("best", Supported(50, {Capability.LIMITS: "none"})).runtime("able", Supported(1))
    engine = engine_of(offers)
    assert chosen(engine) == "best"
    assert chosen(engine, pids_limit=9) == "able"


def test_isolation_decides(engine_of, offers):
    offers.runtime("a", Supported(50)).runtime(
        "vm", Supported(1), isolations=frozenset({Isolation.VM})
    )
    assert chosen(engine_of(offers), isolation="hyperv") == "vm"


def test_a_runtime_without_a_store_for_it_is_passed_over(engine_of, offers):
    offers.runtime("exotic", Supported(50), roots=("filter",)).runtime("a", Supported(1))
    assert chosen(engine_of(offers)) == "a"


def test_a_store_that_does_not_take_the_layers_is_told(engine_of):
    offers = Offers().runtime("a", Supported(1)).store("picky", Supported(1), kinds=("directory",))
    message, _ = refused(engine_of(offers), NotSupported)
    assert message == "no runtime can do this: a: no layer store makes roots for it"


def test_a_store_that_does_not_work_is_quoted(engine_of):
    offers = Offers().runtime("a", Supported(1)).store("s", Unsupported("no overlay", "modprobe"))
    assert refused(engine_of(offers)) == (
        "no layer store can do this: s: no overlay",
        "modprobe",
    )


def test_the_better_store_is_taken(engine_of):
    offers = Offers().runtime("a", Supported(1)).store("s", Supported(1)).store("t", Supported(2))
    with engine_of(offers).start(idle=True) as container:
        assert container.inspect().layer_store == "t"


def test_without_any_backend(place):
    message, hint = refused(Engine(root=place))
    assert message == "no runtime is installed"
    assert "CLOCHE_PLUGINS" in hint


def test_a_stream_of_an_unknown_driver(engine_of, offers):
    from cloche import PIPE

    offers.runtime("a", Supported(1))
    message, hint = refused(engine_of(offers), stdout=PIPE, stdio_driver="carrier-pigeon")
    assert message == "stdio_driver: there is no stdio driver named carrier-pigeon"
    assert "pipe" in hint


def test_a_terminal_that_nobody_gives(engine_of, offers):
    offers.runtime("a", Supported(1))
    with pytest.raises(NotSupported, match=r"no stdio driver can do this: .*it has no terminals"):
        engine_of(offers).start(["true"], tty=True)


def test_choosing_is_done_once(engine_of, offers):
    offers.runtime("a", Supported(1))
    engine = engine_of(offers)
    for _ in range(3):
        engine.run(["true"])
    assert offers.probed.count("a") == 1


def test_what_works_is_remembered_across_processes(engine_of, offers):
    """Another engine stands for another process: it shares nothing but the file."""
    offers.runtime("a", Supported(1, notes=("n",)))
    engine_of(offers).run(["true"])
    engine_of(offers).run(["true"])
    assert offers.probed.count("a") == 1


def test_what_did_not_work_is_asked_again(engine_of, offers):
    offers.runtime("a", Unsupported("not yet"))
    for _ in range(2):
        refused(engine_of(offers))
    assert offers.probed.count("a") == 2


def test_what_is_remembered_never_refuses(engine_of, offers):
    """A limit that was missing may have come: before refusing, it is asked anew."""
    verdicts = [Supported(1, {Capability.LIMITS: "none"}), Supported(1)]
    offers.runtime("a", lambda _: verdicts.pop(0))
    engine_of(offers).run(["true"])
    assert engine_of(offers).run(["true"], memory="1G").returncode == 0


def test_a_new_version_or_file_is_asked_again(engine_of, offers, monkeypatch):
    from cloche import survey

    offers.runtime("a", Supported(1))
    engine_of(offers).run(["true"])
    monkeypatch.setattr(survey, "_changed", lambda file: 12345)
    engine_of(offers).run(["true"])
    assert offers.probed.count("a") == 2


@pytest.mark.parametrize(
    "garbage", [b"", b"{", b"[]", b'{"verdicts":{"x":{"score":"y"}}}', b"\xff"]
)
def test_a_damaged_memory_is_no_memory(engine_of, offers, place, garbage):
    offers.runtime("a", Supported(1))
    engine_of(offers).run(["true"])
    (place / "run/verdicts.json").write_bytes(garbage)
    assert engine_of(offers).run(["true"]).returncode == 0


def test_backends_lists_each_and_why(engine_of, offers):
    offers.runtime("good", Supported(7, {Capability.LIMITS: "none"}, ("with care",)))
    offers.runtime("bad", Unsupported("no kernel", "boot one"))
    found = {b.name: b for b in engine_of(offers).backends()}
    good, bad = found["good"], found["bad"]
    assert (good.kind, good.available, good.score, good.notes) == (
        "runtime",
        True,
        7,
        ("with care",),
    )
    assert Capability.LIMITS not in good.capabilities
    assert good.missing == ((Capability.LIMITS, "none"),)
    assert (bad.available, bad.reason, bad.remedy) == (False, "no kernel", "boot one")
    assert {b.kind for b in found.values()} == {"runtime", "layer store", "stdio driver"}
