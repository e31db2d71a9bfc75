"""Where something to compile with is missing, the install succeeds and says what is missing."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

NOWHERE = "/nonexistent/cc"


def report(wheel: Path) -> dict[str, object]:
    return json.loads(zipfile.ZipFile(wheel).read("cloche_linux/_build.json"))


def test_without_a_compiler_the_wheel_is_pure_and_names_gcc(build, checkout):
    wheel = build(checkout, CC=NOWHERE)
    assert wheel.name == "cloche-0.1.0-py3-none-any.whl"
    assert report(wheel)["missing"] == ["gcc"]
    assert "cloche_linux/_helper" not in zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize(
    ("hidden", "package"),
    [(sysconfig.get_path("include"), "python3-dev"), ("/usr/include", "libc6-dev")],
    ids=["python", "libc"],
)
def test_missing_headers_are_named_by_their_package(hidden, package, checkout, tmp_path):
    """The headers are really gone, in a mount namespace of the build's own."""
    out = tmp_path / "out"
    build = f"{sys.executable} -m build --wheel --no-isolation --outdir {out} {checkout}"
    script = f"mount -t tmpfs none {hidden} && exec {build}"
    subprocess.run(["unshare", "--mount", "sh", "-c", script], check=True, capture_output=True)
    (wheel,) = out.iterdir()
    assert package in report(wheel)["missing"]


def test_backends_shows_reason_and_remedy_and_run_refuses(environment, checkout):
    fresh = environment()
    fresh.install(checkout, CC=NOWHERE)
    shown = fresh.run("cloche", "backends")
    assert shown.returncode == 0
    assert "gcc is missing" in shown.stdout
    assert "apt-get install gcc libc6-dev python3-dev" in shown.stdout
    refused = fresh.run("cloche", "run", "--", "true")
    assert refused.returncode == 125
    assert "gcc" in refused.stderr
    program = fresh.folder / "bin/cloche-oci"
    assert program.read_text().startswith(f"#!{fresh.folder}/bin/python")
    assert fresh.run("cloche-oci", "--version").stdout.startswith("cloche version 0.1.0\n")
