"""A distribution of somebody else's, installed beside ours: found, shown, used, and contained."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

OUTSIDER = Path(__file__).parents[1] / "plugin"
ECHO = ("cloche", "run", "--", "sh", "-c", "echo $OUTSIDER")


@pytest.fixture
def installed(environment, wheel):
    fresh = environment()
    fresh.install(wheel, OUTSIDER)
    return fresh


def test_an_outsider_is_as_good_as_our_own(installed):
    """One environment for all of it: making it takes longer than asking it everything."""
    shown = installed.run("cloche", "backends")
    assert "moon" in shown.stdout
    assert "there is no moon in reach" in shown.stdout
    assert "wait for a clear night" in shown.stdout

    told = installed.run(*ECHO)
    assert (told.returncode, told.stdout) == (0, "was here\n")
    assert "outsider 1.0" in told.stderr, (
        "a broken plug-in is a warning that names its distribution"
    )
    assert "out of order" in told.stderr

    limited = installed.run(*ECHO, CLOCHE_PLUGINS="linux,stdio")
    assert (limited.returncode, limited.stdout, limited.stderr) == (0, "\n", "")

    named = installed.run("cloche", "run", "--runtime", "moon", "--", "true")
    assert named.returncode == 125
    assert "there is no moon in reach" in named.stderr
