"""Places that another user made, or could exchange, are not believed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import cloche
from cloche.locations import check_place

OTHER = 61_234


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that everybody may enter, below sticky /tmp."""
    with tempfile.TemporaryDirectory(prefix="cloche-hostile-") as place:
        os.chmod(place, 0o755)
        yield Path(place)


def test_a_private_place_is_fine_whether_it_exists_or_not(public: Path) -> None:
    check_place(str(public / "none/run"))
    assert not (public / "none").exists()
    (public / "run").mkdir(mode=0o700)
    check_place(str(public / "run"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of others")
@pytest.mark.parametrize("below", ["", "a/run"])
def test_a_place_of_another_user_is_refused(public: Path, below: str) -> None:
    theirs = public / "theirs"
    (theirs / below).mkdir(parents=True)
    os.chown(theirs, OTHER, OTHER)
    with pytest.raises(cloche.Unavailable, match=r"private directory|can exchange"):
        check_place(str(theirs / below))


def test_a_place_below_one_that_all_may_write_is_refused_unless_that_is_sticky(
    public: Path,
) -> None:
    shared = public / "shared"
    (shared / "run").mkdir(parents=True, mode=0o700)
    shared.chmod(0o777)
    with pytest.raises(cloche.Unavailable, match=f"another user can exchange {shared}"):
        check_place(str(shared / "run"))
    shared.chmod(0o1777)
    check_place(str(shared / "run"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of others")
def test_a_link_of_another_user_on_the_way_is_refused(public: Path) -> None:
    (public / "ours").mkdir(mode=0o700)
    link = public / "link"
    link.symlink_to("ours")
    check_place(str(link / "run"))
    os.chown(link, OTHER, OTHER, follow_symlinks=False)
    with pytest.raises(cloche.Unavailable, match=f"another user can exchange {link}"):
        check_place(str(link / "run"))
