"""Which Python the launcher becomes, and with which words."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

#: Stands for an interpreter: says which one it is, and its words.
SPEAKER = '#!/bin/sh\necho "$0"\nfor word; do echo "$word"; done\n'
OURS = ["-P", "-m", "cloche_cli.oci"]
LOST = "cloche: there is no Python to run this: install python3, or put it on the PATH\n"


@pytest.fixture
def place(launcher, tmp_path) -> Path:
    """A prefix that has the launcher among its programs."""
    (tmp_path / "bin").mkdir()
    shutil.copy(launcher, tmp_path / "bin")
    return tmp_path


def interpreter(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SPEAKER)
    path.chmod(0o755)
    return str(path)


def call(place: Path, *words: str, path: str = "/nonexistent", **variables: str):
    """Call it where nothing else is on the PATH."""
    command, environment = [str(place / "bin/cloche-oci"), *words], {"PATH": path, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20)


def test_the_words_are_handed_on_as_they_are(place):
    beside = interpreter(place / "bin/python3")
    words = ["--root", "", "exec", "box", "--", "a b", "*", "é"]
    assert call(place, *words).stdout.splitlines() == [beside, *OURS, *words]


def test_streams_environment_and_exit_code_are_those_of_python(place):
    program = place / "bin/python3"
    interpreter(program)
    program.write_text('#!/bin/sh\ncat\necho "$MARK" >&2\nexit 7\n')
    done = subprocess.run(
        [place / "bin/cloche-oci", "list"], env={"MARK": "seen", "PATH": "/usr/bin:/bin"},
        input="given", capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (7, "given", "seen\n")


@pytest.mark.parametrize(
    "packages", ["lib/python3.12/site-packages", "lib64/python3.12/site-packages",
                 "lib/python3.12/dist-packages"],
)  # fmt: skip
@pytest.mark.parametrize("mark", ["cloche_cli/oci/", "_cloche.pth"])
def test_the_version_that_it_was_installed_for_comes_first(place, packages, mark):
    interpreter(place / "bin/python3")
    wanted = interpreter(place / "bin/python3.12")
    (place / packages / mark).parent.mkdir(parents=True, exist_ok=True)
    (place / packages / mark).mkdir(parents=True)
    assert call(place, "list").stdout.splitlines()[0] == wanted


@pytest.fixture
def script(place) -> str:
    """Where Cloche begins in Python, beside a Python of the version that it is installed for."""
    interpreter(place / "bin/python3.12")
    packages = place / "lib/python3.12/site-packages"
    path = packages / "cloche_linux/launcher/boot.py"
    (packages / "cloche_cli/oci").mkdir(parents=True)
    path.parent.mkdir(parents=True)
    path.touch()
    return str(path)


def test_what_is_installed_beside_it_begins_by_its_script(place, script):
    begun = ["-X", f"launcher={place}/bin/cloche-oci", script, "list"]
    assert call(place, "list").stdout.splitlines()[1:] == ["-I", "-S", *begun]
    quiet = call(place, "list", PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
    assert quiet.stdout.splitlines()[1:] == ["-I", "-SB", *begun]


@pytest.mark.parametrize("variable", ["PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS"])
def test_who_tells_python_how_to_be_is_heard(variable, place, script):
    assert call(place, "list", **{variable: ""}).stdout.splitlines()[1:] == [*OURS, "list"]


def test_without_one_of_the_streams_python_makes_it_good(place, script):
    words = ["sh", "-c", 'exec 2>&-; exec "$0" list', place / "bin/cloche-oci"]
    environment = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, env=environment, timeout=20)
    assert done.stdout.splitlines()[1:] == [*OURS, "list"]


def test_the_script_of_a_checkout_is_found(place, tmp_path):
    interpreter(place / "bin/python3.12")
    script = tmp_path / "checkout/backends/cloche_linux/launcher/boot.py"
    script.parent.mkdir(parents=True)
    script.touch()
    packages = place / "lib/python3.12/site-packages"
    packages.mkdir(parents=True)
    folders = [tmp_path / "checkout" / name for name in ("backends", "cli", "core")]
    (packages / "_cloche.pth").write_text("\n".join(map(str, folders)))
    begun = ["-X", f"launcher={place}/bin/cloche-oci", str(script), "list"]
    assert call(place, "list").stdout.splitlines()[1:] == ["-I", "-S", *begun]


def test_another_prefix_has_other_packages(place, script):
    """Those of a Python that is elsewhere are found in its own way."""
    (place / "bin/python3.12").unlink()
    interpreter(place / "elsewhere/python3.12")
    said = call(place, "list", path=f"{place}/elsewhere")
    assert said.stdout.splitlines()[1:] == [*OURS, "list"]


def test_that_version_is_looked_for_on_the_path_too(place):
    interpreter(place / "bin/python3")
    wanted = interpreter(place / "elsewhere/python3.12")
    (place / "lib/python3.12/dist-packages/cloche_cli/oci").mkdir(parents=True)
    said = call(place, "list", path=f"relative:{place}/elsewhere")
    assert said.stdout.splitlines()[0] == wanted


def test_a_link_to_it_counts_as_where_it_leads(place, tmp_path):
    beside = interpreter(place / "bin/python3")
    link = tmp_path / "link"
    link.symlink_to(place / "bin/cloche-oci")
    done = subprocess.run([link, "list"], capture_output=True, text=True, timeout=20)
    assert done.stdout.splitlines()[0] == beside


def test_without_any_hint_the_path_tells(place):
    wanted = interpreter(place / "elsewhere/python3")
    assert call(place, "list", path=f"{place}/elsewhere").stdout.splitlines()[0] == wanted


def test_without_a_python_one_line_says_so(place):
    """The machine's own directories are empty, in a mount namespace."""
    hide = "for each in /usr/local/bin /usr/bin; do mount -t tmpfs none $each; done"
    script = f'set -e; {hide}; exec "$0" list'
    command = ["unshare", "--mount", "sh", "-c", script, place / "bin/cloche-oci"]
    done = subprocess.run(command, env={}, capture_output=True, text=True, timeout=20)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", LOST)
