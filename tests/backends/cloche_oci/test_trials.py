"""A place where a container is tried is gone afterwards, whatever becomes of who tries."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cloche_oci.trials import trial_place

HOLD = """
import sys
from cloche_oci.trials import trial_place
with trial_place() as place:
    print(place, flush=True)
    sys.stdin.read()
"""
HOUR = 3600


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def grow_old(place: Path) -> None:
    hour_ago = time.time() - HOUR
    os.utime(place, (hour_ago, hour_ago), follow_symlinks=False)


def test_it_is_private_and_gone_afterwards(temporary) -> None:
    with trial_place() as place:
        assert place.stat().st_mode & 0o777 == 0o700
        (place / "deep/er").mkdir(parents=True)
    assert list(temporary.iterdir()) == []


def test_also_after_a_failure(temporary) -> None:
    with pytest.raises(ZeroDivisionError), trial_place():
        raise ZeroDivisionError
    assert list(temporary.iterdir()) == []


def test_one_whose_user_was_killed_goes_with_the_next(temporary) -> None:
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        held = Path(other.stdout.readline().decode().strip())
        grow_old(held)
        with trial_place():
            assert held.is_dir()  # it is in use, however old
        other.send_signal(signal.SIGKILL)
    with trial_place() as place:
        assert list(temporary.iterdir()) == [place]


def test_one_that_was_made_just_now_stays(temporary) -> None:
    """Its maker has yet to take hold of it."""
    (temporary / "cloche-oci-new").mkdir()
    with trial_place():
        pass
    assert [each.name for each in temporary.iterdir()] == ["cloche-oci-new"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to have something of others")
def test_nothing_is_followed_and_nothing_of_others_is_touched(temporary) -> None:
    (temporary / "victim").mkdir()
    (temporary / "cloche-oci-link").symlink_to("victim")
    (temporary / "cloche-oci-theirs").mkdir()
    os.chown(temporary / "cloche-oci-theirs", 4242, 4242)
    for name in ("cloche-oci-link", "cloche-oci-theirs", "victim"):
        grow_old(temporary / name)
    with trial_place():
        pass
    names = sorted(each.name for each in temporary.iterdir())
    assert names == ["cloche-oci-link", "cloche-oci-theirs", "victim"]
