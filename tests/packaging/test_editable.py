"""An editable install is a plain .pth: every tool sees every module under its real name."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_the_pth_has_three_folders_and_the_native_files_are_in_place(environment, checkout):
    fresh = environment()
    fresh.install("--editable", checkout)
    (pth,) = fresh.folder.glob("lib/python3*/site-packages/*cloche*.pth")
    folders = {str(checkout / top) for top in ("core", "backends", "cli")}
    assert set(pth.read_text().split()) == folders
    assert (checkout / "backends/cloche_linux/_helper").exists()
    assert (checkout / "backends/cloche_oci/_init").exists()
    done = fresh.run("python", "-c", "import cloche; print(cloche.__file__)")
    assert done.stdout.strip() == str(checkout / "core/cloche/__init__.py")
    assert (fresh.folder / "bin/cloche-oci").read_bytes()[:4] == b"\x7fELF"
    assert fresh.run("cloche-oci", "--version").stdout.startswith("cloche version 0.1.0\n")


def test_a_compiler_that_comes_and_goes_leaves_nothing_stale(environment, checkout):
    """The report goes when the native files come, and the other way round."""
    fresh, package = environment(), checkout / "backends/cloche_linux"
    fresh.install("--no-deps", "--editable", checkout, CC="/nonexistent/cc")
    assert (package / "_build.json").exists()
    fresh.install("--no-deps", "--editable", checkout)
    assert not (package / "_build.json").exists()
    assert list(package.glob("_native*.so"))
    fresh.install("--no-deps", "--editable", checkout, CC="/nonexistent/cc")
    assert not list(package.glob("_native*.so"))
