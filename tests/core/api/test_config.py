"""Settings and places."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cloche import Engine, InvalidSpec
from cloche.config import read_settings
from cloche.locations import locate


def test_nothing_said():
    settings = read_settings({"HOME": "/nowhere"})
    assert (settings.runtime, settings.plugins, dict(settings.sources)) == (None, None, {})


def test_the_environment():
    settings = read_settings(
        {
            "CLOCHE_RUNTIME": "oci:runc",
            "CLOCHE_LAYER_STORE": "",
            "CLOCHE_PLUGINS": " a,b ,",
            "CLOCHE_ROOT": "/r",
            "CLOCHE_CONFIG": "",
        }
    )
    assert (settings.runtime, settings.layer_store) == ("oci:runc", None)
    assert (settings.plugins, settings.root) == (("a", "b"), "/r")
    assert settings.sources["runtime"] == "CLOCHE_RUNTIME"


def test_the_users_file_and_the_environment_over_it(tmp_path):
    folder = tmp_path / "cloche"
    folder.mkdir()
    (folder / "config.toml").write_text('runtime = "file"\nplugins = ["a"]\nlayer_store = "file"')
    home = "APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME"
    env = {home: str(tmp_path), "CLOCHE_RUNTIME": "environment"}
    settings = read_settings(env)
    assert (settings.runtime, settings.layer_store) == ("environment", "file")
    assert settings.plugins == ("a",)
    assert Path(settings.sources["layer_store"]).samefile(folder / "config.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1", "x is not a setting"),
        ("runtime = 1", "runtime must be a string, not 1"),
        ("runtime =", "Invalid value"),
        ("\x00", "config.toml: "),
    ],
)
def test_a_file_that_cannot_be_understood_names_the_key(tmp_path, text, says):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(InvalidSpec, match=says) as caught:
        read_settings({"CLOCHE_CONFIG": str(path)})
    assert str(path) in str(caught.value)


def test_a_file_that_was_named_must_exist(tmp_path):
    with pytest.raises(InvalidSpec, match=r"CLOCHE_CONFIG: .* does not exist"):
        read_settings({"CLOCHE_CONFIG": str(tmp_path / "x")})


def test_an_engine_says_so_at_once(tmp_path, monkeypatch):
    (tmp_path / "c").write_text("colour = 'red'")
    monkeypatch.setenv("CLOCHE_CONFIG", str(tmp_path / "c"))
    with pytest.raises(InvalidSpec, match="colour"):
        Engine(root=tmp_path)


def test_places_of_root_and_of_others(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert (locate().run, locate().data) == ("/run/cloche", "/var/lib/cloche")
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert (locate().run, locate().data) == (f"{tmp_path}/cloche", "/data/cloche")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/h")
    assert (locate().run, locate().data) == ("/tmp/cloche-4711", "/h/.local/share/cloche")


def test_one_directory_for_all(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert locate("here").run == str(tmp_path / "here" / "run")
    assert locate("here").data == str(tmp_path / "here" / "data")
