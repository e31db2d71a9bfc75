"""Roots of which no record is left."""

from __future__ import annotations

from cloche.locations import Locations


def test_roots_without_records_go_with_the_first_container(make_engine, place):
    """As after a restart of the machine, when all records are gone."""
    make_engine().run(["true"])
    (place / "data/fake/abc").mkdir(parents=True)
    make_engine().run(["true"])
    assert not (place / "data/fake/abc").exists()


def test_prune_names_them(engine, place):
    engine.run(["true"])
    (place / "data/fake/abc").mkdir(parents=True)
    assert engine.prune() == ["abc"]


def test_roots_of_another_place_for_records_are_not_touched(
    make_engine, place, tmp_path, monkeypatch
):
    """With and without a login session, one user has two run directories and one for data."""
    elsewhere = Locations(str(tmp_path / "run"), str(place / "data"))
    with monkeypatch.context() as patch:
        patch.setattr("cloche.engine.locate", lambda _: elsewhere)
        first = make_engine()
    with first.start(["sleep", "60"]) as container:
        make_engine().run(["true"])
        assert make_engine().prune() == []
        assert (place / "data/fake" / container.id).exists()


def test_nothing_is_released_that_has_a_record(engine, place):
    with engine.start(["sleep", "60"]) as container:
        assert engine.prune() == []
        assert (place / "data/fake" / container.id).exists()
