"""What must be believed is made for us alone, and looked at before it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cloche._win32 import places
from cloche._win32.accounts import SYSTEM, trusted, user
from cloche._win32.security import Grant, Security, security_of
from cloche.errors import Unavailable
from cloche.locations import check_place, is_there, locate, private_directory, this_user

EVERYBODY = "S-1-1-0"
ADD_FILE, DELETE_CHILD, READ = 0x2, 0x40, 0x1


def test_a_private_directory_is_the_systems_and_ours(tmp_path: Path):
    path = str(tmp_path / "a" / "b")
    private_directory(path)
    found = security_of(path)
    assert found.owner in trusted()
    assert {grant.account for grant in found.grants} <= trusted()
    assert is_there(path)


def test_it_is_made_once_and_used_again(tmp_path: Path):
    path = str(tmp_path / "a")
    private_directory(path)
    private_directory(path)
    assert os.listdir(tmp_path) == ["a"]


def test_a_file_in_its_place_is_refused(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(Unavailable, match="not a private directory"):
        private_directory(str(tmp_path / "a"))


@pytest.mark.parametrize(
    ("security", "ours", "above"),
    [
        (Security(SYSTEM, (), False), True, True),
        (Security(EVERYBODY, (), False), False, False),
        (Security(SYSTEM, (), True), False, False),
        (Security(SYSTEM, (Grant(EVERYBODY, READ),), False), True, True),
        (Security(SYSTEM, (Grant(EVERYBODY, ADD_FILE),), False), False, True),
        (Security(SYSTEM, (Grant(EVERYBODY, DELETE_CHILD),), False), False, False),
        (Security(SYSTEM, (Grant(user(), DELETE_CHILD),), False), True, True),
    ],
)
def test_who_else_could_change_it(tmp_path, monkeypatch, security, ours, above):
    monkeypatch.setattr("cloche._win32.security.security_of", lambda path: security)
    assert places.is_ours(str(tmp_path), os.lstat(tmp_path)) is ours
    assert places.is_safe_above(str(tmp_path)) is above


def test_a_place_that_others_can_exchange_is_refused(tmp_path, monkeypatch):
    stranger = Security(EVERYBODY, (), False)
    monkeypatch.setattr("cloche._win32.security.security_of", lambda path: stranger)
    with pytest.raises(Unavailable, match=r"another user can exchange|not a private"):
        check_place(str(tmp_path))


def test_usual_places_are_below_program_data(monkeypatch):
    monkeypatch.setenv("PROGRAMDATA", r"D:\Data")
    assert (locate().run, locate().data) == (r"D:\Data\Cloche\run", r"D:\Data\Cloche\data")


def test_this_user_has_a_sid():
    assert this_user() == user()
    assert user().startswith("S-1-5-")
