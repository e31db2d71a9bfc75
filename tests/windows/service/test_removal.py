"""The stand-in deletes layers that it made, by a path that leaves no doubt, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from service.control import Service
from service.playing import Player

PRECIOUS = "precious"
FALSE_FRIENDS = [("", ""), (".", ""), ("", "."), (".", "."), ("..", "."), (".", "sub"), ("", "sub")]


@pytest.fixture
def destroy(service: Service, tmp_path: Path) -> Callable[[str, str], None]:
    player = Player(service.library, lambda _: None, tmp_path)

    def destroy(home: str, id: str) -> None:
        info = {"Flavour": 1, "HomeDir": home}
        player.play({"fn": "DestroyLayer", "args": {"info": info, "id": id}, "out": {}})

    return destroy


@pytest.fixture
def precious(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a layer even, and is the working directory."""
    folder = tmp_path / PRECIOUS
    (folder / "sub" / ".imported").mkdir(parents=True)
    (folder / ".imported").mkdir()
    (folder / "file").write_text("kept")
    monkeypatch.chdir(folder)
    return folder


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize(("home", "id"), FALSE_FRIENDS)
def test_a_path_that_is_not_absolute_deletes_nothing(precious, destroy, home, id):
    before = tree(precious)
    destroy(home, id)
    assert tree(precious) == before


@pytest.mark.parametrize("id", ["..", ".", "sub/..", "./sub", "../precious"])
def test_a_path_with_dots_deletes_nothing(precious, destroy, id):
    before = tree(precious)
    destroy(str(precious), id)
    assert tree(precious) == before


def test_a_folder_that_is_no_layer_stays(tmp_path, destroy, service):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_text("kept")
    destroy(str(tmp_path), "photos")
    assert (tmp_path / "photos" / "one.jpg").exists()
    assert any("is no layer of this service" in each for each in service.counts()["misuses"])


def test_a_layer_that_it_made_goes(precious, destroy):
    destroy(str(precious), "sub")
    assert tree(precious) == {".imported", "file"}


def test_what_a_link_leads_to_stays(precious, destroy, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("kept")
    (precious / "sub" / "link").symlink_to(tmp_path / "elsewhere")
    destroy(str(precious), "sub")
    assert (tmp_path / "elsewhere" / "file").exists()
    assert not (precious / "sub").exists()
