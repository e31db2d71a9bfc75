"""Loading: broken plug-ins are warnings, rivals are errors, the environment limits."""

from __future__ import annotations

import warnings

import pytest

from cloche import AlreadyExists, Engine, PluginWarning
from cloche.plugins import Plugins

RUNTIME = """
from cloche import hookimpl
from cloche.runtime import RuntimeDescriptor
from cloche.probe import Supported

@hookimpl
def cloche_runtimes():
    return [RuntimeDescriptor(name={name!r}, ceiling=5, capabilities=frozenset(), roots=("path",),
        stdio=frozenset({{"fd"}}), probe=lambda argument: Supported(5), open=lambda context: None)]
"""
GOOD = RUNTIME.format(name="good")


@pytest.fixture(autouse=True)
def _warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_an_installed_plugin_is_found(install):
    install("acme", "2.1", good=GOOD)
    offer = Plugins.load().runtimes["good"]
    assert (offer.plugin, offer.distribution, offer.version) == ("good", "acme", "2.1")


def test_an_attribute_can_be_the_plugin(install, site):
    install("acme", good=GOOD)
    (site / "acme-1.0.dist-info/entry_points.txt").write_text("[cloche]\nx = holder:inner.plugin\n")
    (site / "holder.py").write_text("import acme_good\nclass inner: plugin = acme_good\n")
    assert "good" in Plugins.load().runtimes


BROKEN = {
    "syntax": "def",
    "import": "import there_is_no_such_module",
    "exits": "raise SystemError('deep')",
    "hook": "from cloche import hookimpl\n@hookimpl\ndef cloche_nothing(): pass",
    "parameter": "from cloche import hookimpl\n@hookimpl\ndef cloche_runtimes(nope): return []",
    "raises": "from cloche import hookimpl\n@hookimpl\ndef cloche_runtimes(): return 1 / 0",
    "none": "from cloche import hookimpl\n@hookimpl\ndef cloche_runtimes(): return None",
    "wrong": "from cloche import hookimpl\n@hookimpl\ndef cloche_runtimes(): return ['x']",
}


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_a_warning_that_names_its_distribution(install, source):
    install("acme", "2.1", bad=source, good=GOOD)
    with pytest.warns(PluginWarning, match=r"plug-in bad of acme 2\.1 is left out: \w+: ."):
        plugins = Plugins.load()
    assert set(plugins.runtimes) == {"good"}


def test_two_backends_of_one_name_are_an_error_that_names_both(install):
    install("acme", "1.0", good=GOOD)
    install("other", "3.0", also=GOOD)
    with pytest.raises(
        AlreadyExists, match=r"named good: also \(other 3\.0\) and good \(acme 1\.0\)"
    ) as caught:
        Plugins.load()
    assert "CLOCHE_PLUGINS" in caught.value.hint


@pytest.mark.parametrize(
    ("said", "loaded"), [("a", {"a"}), ("a, b", {"a", "b"}), ("", set()), ("c", set())]
)
def test_the_environment_limits(install, monkeypatch, tmp_path, said, loaded):
    install("acme", a=RUNTIME.format(name="a"), b=RUNTIME.format(name="b"))
    monkeypatch.setenv("CLOCHE_PLUGINS", said)
    assert {b.name for b in Engine(root=tmp_path).backends()} == loaded


def test_a_plugin_that_is_not_wanted_is_not_imported(install, monkeypatch, tmp_path):
    install("acme", a=GOOD, bad="raise RuntimeError")
    monkeypatch.setenv("CLOCHE_PLUGINS", "a")
    assert [b.name for b in Engine(root=tmp_path).backends()] == ["good"]


def test_plugins_can_be_given_as_objects():
    class Plain:
        pass

    assert Plugins.load([], [Plain()]).runtimes == {}
