"""On a machine with cgroup v2 alone and all its controllers, limits hold.

Most of what runs there are the same tests that run here; ``inside`` has those that make sense on
such a machine only.
"""

from __future__ import annotations

import re
import sys

import pytest

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
GROUPS = "tests/backends/cloche_linux/cgroups"

#: Left out: what compares with cgroup v1, and views that make a machine look like another.
TESTS = [
    "tests/guest/inside",
    *(f"{GROUPS}/test_{name}.py" for name in ("limits", "freezer", "group", "devices", "stats")),
    *(f"{GROUPS}/test_{name}.py" for name in ("layout", "paths", "refusals")),
]


@pytest.mark.slow
def test_limits_hold_on_cgroup_v2(guest):
    assert _passed(guest.run(*PYTEST, *TESTS)) > 60


@pytest.mark.slow
def test_a_users_limits_hold_where_systemd_delegates(systemd_guest):
    assert _passed(systemd_guest.run(*PYTEST, "tests/guest/inside_systemd")) >= 54


@pytest.mark.slow
def test_labels_of_selinux_hold_where_there_is_a_policy(selinux_guest):
    assert _passed(selinux_guest.run(*PYTEST, "tests/guest/inside_selinux")) >= 12


@pytest.mark.slow
def test_a_failure_in_the_guest_is_one_here(guest):
    """Or the test above could not fail."""
    outcome = guest.run(sys.executable, "-c", "import sys; print('said'); sys.exit(3)")
    assert (outcome.code, outcome.output) == (3, "said\n")


def _passed(outcome) -> int:
    assert outcome.code == 0, outcome.output
    (passed,) = re.findall(r"^(\d+) passed in ", outcome.output, re.M)
    return int(passed)
