"""What every test has, and the judge of skips: `expected-skips.txt` is all that may be skipped."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from runs.descriptors import Open
from runs.journal import Journal
from runs.leftovers import Leftovers
from runs.order import LongestFirst
from runtimes.comparison import Comparison

EXPECTED_SKIPS = Path(__file__).with_name("expected-skips.txt")
NOT_ON_WINDOWS = Path(__file__).with_name("not-on-windows.txt")


def pytest_configure(config: pytest.Config) -> None:
    """The judge sits where the reports of all workers arrive."""
    hear_signals()
    expected = NOT_ON_WINDOWS if sys.platform == "win32" else EXPECTED_SKIPS
    judge = SkipJudge(config, expected)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(judge)
        config.pluginmanager.register(Comparison())
        if os.environ.pop("CLOCHE_LEFTOVERS", None):
            config.pluginmanager.register(Leftovers())
        if noted := os.environ.get("CLOCHE_JOURNAL"):
            journal = Journal(Path(noted))
            judge.whole = judge.whole and not journal.begun
            config.pluginmanager.register(journal)
    config.pluginmanager.register(LongestFirst())
    if sys.platform == "win32":
        config.pluginmanager.register(LinuxOnly(judge))


@pytest.fixture(scope="module", autouse=sys.platform != "win32")
def _descriptors_are_closed() -> Iterator[None]:
    """A module leaves no more open than it found, and what is opened on first use."""
    opened = Open()
    yield
    assert opened.left() == []


def hear_signals() -> None:
    """Under nohup, or in a shell's background, programs of the tests would inherit deafness."""
    for name in ("SIGHUP", "SIGINT", "SIGQUIT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            usual = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
            signal.signal(number, usual)


@dataclass(frozen=True)
class Expectation:
    """One line of the file."""

    line: str

    @property
    def reason(self) -> str:
        """What is said after the pattern."""
        return self.line.partition(" -- ")[2].strip()

    def matches(self, nodeid: str, reason: str | None = None) -> bool:
        pattern, _, beginning = self.line.partition(" -- ")
        name = ".*".join(re.escape(part) for part in pattern.strip().split("*"))
        fits = re.fullmatch(name, nodeid) is not None
        return fits and (reason is None or reason.startswith(beginning.strip()))


class LinuxOnly:
    """Skips tests that are about Linux; files that can't even be imported are left out."""

    def __init__(self, judge: SkipJudge) -> None:
        self.judge = judge
        self.listed = judge.expected

    def pytest_ignore_collect(
        self, collection_path: Path, config: pytest.Config
    ) -> Literal[True] | None:
        name = collection_path.relative_to(config.rootpath).as_posix()
        left_out = [expectation.reason for expectation in self.listed if expectation.matches(name)]
        if not left_out:
            return None
        self.judge.skipped[name] = left_out[0]
        return True

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for expectation in self.listed:
                if expectation.matches(item.nodeid):
                    item.add_marker(pytest.mark.skip(reason=expectation.reason))


def _expectations(listed: str) -> list[Expectation]:
    lines = (line.strip() for line in listed.splitlines())
    return [Expectation(line) for line in lines if line and not line.startswith("#")]


class SkipJudge:
    """Compares the skips of a run with the expected ones and fails the run for any difference."""

    def __init__(self, config: pytest.Config, expected: Path) -> None:
        self.file = expected
        self.expected = _expectations(expected.read_text("utf-8"))
        self.whole = _is_whole(config)
        self.skipped: dict[str, str] = {}
        self.ran: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped[report.nodeid] = _reason(report)
        elif report.when == "call":
            self.ran.add(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped[report.nodeid] = _reason(report)

    def deviations(self) -> list[str]:
        """What differs, a sentence each."""
        found = [
            f"skipped, but not expected to be: {nodeid} -- {reason}"
            for nodeid, reason in sorted(self.skipped.items())
            if not any(e.matches(nodeid, reason) for e in self.expected)
        ]
        for expectation in self.expected:
            if ran := sorted(filter(expectation.matches, self.ran)):
                found.append(f"expected to be skipped, but ran: {', '.join(ran)}")
            elif self.whole and not any(expectation.matches(*s) for s in self.skipped.items()):
                found.append(
                    f"expected to be skipped, but there is no such test: {expectation.line}"
                )
        return found

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.deviations() and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for index, deviation in enumerate(self.deviations()):
            if index == 0:
                terminalreporter.section(f"deviations from tests/{self.file.name}", red=True)
            terminalreporter.line(deviation, red=True)


def _is_whole(config: pytest.Config) -> bool:
    """Whether nothing was deselected by name, path or mark, so that every line must be met."""
    by_default = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    selected = (config.option.markexpr, config.option.keyword, config.getoption("lf", False))
    return by_default and not any(selected)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    detail = report.longrepr
    text = detail[2] if isinstance(detail, tuple) else str(detail)
    return text.removeprefix("Skipped: ")
