"""What a wheel's tag says of the Pythons it fits."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from pathlib import Path

import pytest


@pytest.fixture
def hook():
    path = Path(__file__).parents[2] / "backends/build.py"
    spec = importlib.util.spec_from_file_location("cloche_build_hook", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def free_threaded(monkeypatch):
    """Sets what sysconfig says of this interpreter's build."""
    real = sysconfig.get_config_var

    def answer(value: int) -> None:
        monkeypatch.setattr(
            sysconfig,
            "get_config_var",
            lambda name: value if name == "Py_GIL_DISABLED" else real(name),
        )

    return answer


def test_with_the_lock_the_limited_api_fits_every_later_python(hook, free_threaded):
    free_threaded(0)
    assert hook._tag("musllinux_1_2_aarch64") == "cp311-abi3-musllinux_1_2_aarch64"


def test_without_the_lock_a_wheel_fits_its_own_version_only(hook, free_threaded):
    """There is no limited API for free-threaded Pythons."""
    free_threaded(1)
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert hook._tag("linux_x86_64") == f"{version}-{version}t-linux_x86_64"


@pytest.mark.parametrize(
    ("platform", "packages"),
    [("manylinux_2_17_x86_64", ["cloche_linux", "cloche_oci"]), ("win_amd64", ["cloche_hcs"])],
)
def test_each_platform_has_its_own_parts_compiled(hook, platform, packages):
    assert [native.package for native in hook._natives(platform)] == packages


@pytest.mark.parametrize(
    ("platform", "packages"),
    [("linux", ["cloche_linux", "cloche_oci"]), ("win32", ["cloche_hcs"]), ("darwin", [])],
)
def test_by_default_it_is_this_platform_that_counts(hook, platform, packages, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    assert [native.package for native in hook._natives("")] == packages
