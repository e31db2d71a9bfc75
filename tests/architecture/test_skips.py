"""The judge of skips itself: every way in which skips can deviate fails a run."""

from __future__ import annotations

import shutil

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest

def test_runs():
    assert True

@pytest.mark.skip(reason="no such device here")
def test_skips():
    pass
"""


@pytest.fixture
def run(pytester, root):
    """Runs the tests above, in one process or two, with the given list of expected skips."""

    def run(expected: str, *arguments: str) -> pytest.RunResult:
        folder = pytester.mkdir("tests")
        shutil.copy(root / "tests/conftest.py", folder)
        (folder / "expected-skips.txt").write_text(expected)
        (folder / "test_it.py").write_text(TESTS)
        lines = (
            "[pytest]",
            "testpaths = tests",
            "addopts = --import-mode=importlib",
            f"pythonpath = {root / 'tests/peers'}",
        )
        pytester.makeini("\n".join(lines))
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return run


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "distributed"])
def test_a_skip_that_is_not_expected_fails_the_run(run, workers):
    result = run("# none\n", *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["skipped, but not expected to be: *::test_skips -- no such device*"]
    )


def test_an_expected_skip_passes(run):
    assert run("tests/test_it.py::test_skips -- no such device").ret == pytest.ExitCode.OK


def test_a_skip_for_another_reason_fails_the_run(run):
    assert run("tests/test_it.py::test_skips -- no memory").ret == pytest.ExitCode.TESTS_FAILED


def test_an_expected_skip_that_runs_fails_the_run(run):
    result = run("tests/test_it.py::*")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["expected to be skipped, but ran: tests/test_it.py::test_runs"])


def test_an_expectation_that_fits_no_test_fails_a_whole_run_only(run):
    lines = "tests/test_it.py::test_skips -- no such device\ntests/gone.py::* -- whatever"
    assert run(lines).ret == pytest.ExitCode.TESTS_FAILED


def test_a_selection_need_not_meet_every_expectation(run):
    assert run("tests/gone.py::* -- whatever", "-k", "runs").ret == pytest.ExitCode.OK
