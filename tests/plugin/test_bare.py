"""A plug-in of somebody else's is found, shown, chosen and contained just as ours are."""

from __future__ import annotations

from pathlib import Path

LIST = "import cloche; print([b.name for b in cloche.backends() if b.kind == 'runtime'])"
RUN = (
    "import cloche; r = cloche.run(['sh', '-c', 'echo $0 is $PPID'], capture_output=True, "
    "text=True, runtime='bare', layer_store='bare'); print(r.returncode, r.stdout)"
)


def test_it_is_listed_beside_ours(python) -> None:
    run = python(LIST)
    assert (run.returncode, run.stderr) == (0, "")
    assert "'bare'" in run.stdout


def test_it_runs_what_it_is_named_for(python) -> None:
    """Its programs are children of the process that asked: so it was really this one."""
    run = python(RUN + "; import os; print(os.getpid())")
    assert (run.returncode, run.stderr) == (0, "")
    words = run.stdout.split()
    assert words[:3] == ["0", "sh", "is"]
    assert words[3] == words[4]


def test_its_name_may_come_from_the_environment(python) -> None:
    script = RUN.replace(", runtime='bare', layer_store='bare'", "")
    run = python(script, CLOCHE_RUNTIME="bare", CLOCHE_LAYER_STORE="bare")
    assert run.stdout.startswith("0 sh is")


def test_it_is_not_loaded_where_plugins_are_limited(python) -> None:
    run = python(LIST, CLOCHE_PLUGINS="stdio")
    assert (run.returncode, run.stdout) == (0, "[]\n")


def test_a_broken_one_is_a_warning_that_names_its_distribution(python, tmp_path: Path) -> None:
    """And everything else goes on."""
    metadata = tmp_path / "broken" / "cloche_broken-7.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: cloche-broken\nVersion: 7.0\n")
    (metadata / "entry_points.txt").write_text("[cloche]\nbroken = cloche_broken\n")
    (tmp_path / "broken" / "cloche_broken.py").write_text("raise RuntimeError('out of order')\n")
    run = python(LIST, tmp_path / "broken")
    assert run.returncode == 0
    assert "'bare'" in run.stdout
    assert "cloche_broken 7.0" in run.stderr or "cloche-broken 7.0" in run.stderr
    assert "out of order" in run.stderr
