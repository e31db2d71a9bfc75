"""The wheel for this machine: what is in it, and that it works where nothing else is."""

from __future__ import annotations

import platform
import tarfile
import zipfile

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def names(wheel):
    return set(zipfile.ZipFile(wheel).namelist())


def test_it_fits_every_python_from_3_11_on(wheel):
    assert wheel.name == f"cloche-0.1.0-cp311-abi3-linux_{platform.machine()}.whl"


def test_it_has_the_packages_and_their_native_files(names):
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {
        "cloche",
        "cloche-0.1.0.data",
        "cloche_hcs",
        "cloche_linux",
        "cloche_oci",
        "cloche_stdio",
        "cloche_cli",
    }
    assert "cloche_linux/_helper" in names
    assert "cloche_oci/_init" in names
    assert "cloche_linux/_native.abi3.so" in names
    assert "cloche_linux/_build.json" not in names


def test_it_has_no_sources_to_compile(names):
    assert [name for name in names if name.endswith((".c", ".h", ".o"))] == []


def test_the_program_is_compiled_and_may_be_executed(wheel):
    info = zipfile.ZipFile(wheel).getinfo("cloche-0.1.0.data/scripts/cloche-oci")
    assert info.external_attr >> 16 & 0o777 == 0o755
    assert zipfile.ZipFile(wheel).read(info)[:4] == b"\x7fELF"


def test_it_carries_its_licence_and_its_types(names):
    assert "cloche-0.1.0.dist-info/licenses/LICENSE" in names
    assert {"cloche/py.typed", "cloche_linux/py.typed", "cloche_stdio/py.typed"} <= names


def test_two_builds_give_the_same_bytes(wheel, build, checkout):
    """Nothing of the place or the time of a build is left in its result."""
    assert build(checkout).read_bytes() == wheel.read_bytes()


def test_a_fresh_environment_runs_a_container(wheel, environment):
    fresh = environment()
    fresh.install(wheel)
    done = fresh.run("cloche", "run", "--", "echo", "hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")
    told = fresh.run("cloche-oci", "--version", PATH="/nonexistent")
    assert told.stdout.startswith("cloche version 0.1.0\n"), told.stderr


def test_the_sdist_gives_the_same_wheel(wheel, build, checkout, tmp_path):
    """What an sdist leaves out would be missed here."""
    sdist = build(checkout, "--sdist")
    unpacked = tmp_path / "unpacked"
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (project,) = unpacked.iterdir()
    assert build(project).read_bytes() == wheel.read_bytes()
