"""Which images run on which hosts without a virtual machine."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import InvalidSpec, Unavailable
from cloche_hcs.versions import WindowsVersion, check_image, host_version, images_for

_RS5, _2022, _W11, _23H2, _2025 = 17763, 20348, 22621, 25398, 26100


@pytest.mark.parametrize(
    ("host", "image", "runs"),
    [
        (_RS5, _RS5, True),
        (_RS5, _2022, False),
        (_RS5, 14393, False),
        (_2022, _RS5, False),
        (_2022, _2022, True),
        (_2022, _W11, False),
        (_2022, _2025, False),
        (_W11, _RS5, False),
        (_W11, _2022, True),
        (_23H2, _2022, True),
        (_2025, _2022, True),
        (_2025, _W11, True),
        (_2025, _RS5, False),
        (27000, _2022, False),
        (27000, _2025, True),
    ],
)
def test_an_image_runs_on_its_own_build_and_on_later_ones_since_2022(
    host: int, image: int, runs: bool
) -> None:
    assert (image in images_for(_version(host))) is runs


@given(st.integers(min_value=10240, max_value=60000))
def test_every_host_runs_its_own_build_and_none_that_is_newer(build: int) -> None:
    runs = images_for(_version(build))
    assert build in runs
    assert build + 1 not in runs


@pytest.mark.parametrize("text", ["10.0.20348", "10.0.20348.1249"])
def test_updates_do_not_matter(text: str) -> None:
    assert WindowsVersion.parse(text) == _version(_2022)
    check_image(text, _version(_2022))


@pytest.mark.parametrize("text", ["", "10", "10.0", "10.0.x", "10.0.1.2.3", "10.0.-1", "10.0.²"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidSpec, match=r"not a version of Windows"):
        WindowsVersion.parse(text)


def test_the_error_says_what_would_run() -> None:
    with pytest.raises(Unavailable) as raised:
        check_image("10.0.17763.1", _version(_2025))
    assert "image is Windows 10.0.17763, host 10.0.26100" in str(raised.value)
    assert "builds 20348 to 26100" in str(raised.value)
    assert raised.value.remedy == "--isolation hyperv, or tag ltsc2025"


def test_where_only_one_build_runs_the_error_names_it() -> None:
    with pytest.raises(Unavailable) as raised:
        check_image("10.0.20348", _version(_RS5))
    assert "build 17763" in str(raised.value)
    assert raised.value.remedy == "--isolation hyperv, or tag ltsc2019"


def test_a_host_without_a_long_term_image_has_the_other_remedy() -> None:
    with pytest.raises(Unavailable) as raised:
        check_image("10.0.20348", _version(18362))
    assert raised.value.remedy == "--isolation hyperv"


def test_another_major_version_never_runs() -> None:
    with pytest.raises(Unavailable):
        check_image("6.3.20348", _version(_2022))


def test_this_machine_tells_its_version_or_that_it_is_no_windows() -> None:
    if sys.platform == "win32":
        assert host_version() >= WindowsVersion(10, 0, 10240)
    else:
        with pytest.raises(Unavailable):
            host_version()


def _version(build: int) -> WindowsVersion:
    return WindowsVersion(10, 0, build)
