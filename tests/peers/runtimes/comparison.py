"""What others fail of the tests that ours must pass: told at the end of a run, failing nothing."""

from __future__ import annotations

from collections import defaultdict

import pytest

#: The property of a report that says which runtime passed or failed what.
PROPERTY = "runtime"


def compare(report: pytest.TestReport, runtime: str, test: str, *, ours: bool) -> None:
    """Note how a runtime did, and turn the failure of one that is not ours into an expected one."""
    if report.when != "call" and not report.failed:
        return
    report.user_properties.append((PROPERTY, (test, runtime, report.outcome)))
    if report.failed and not ours:
        report.wasxfail = f"{runtime}: {_last_line(report)}"
        report.outcome = "skipped"


def _last_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr).splitlines()[0]


class Comparison:
    """Gathers the notes where the reports of all workers arrive, and prints them."""

    def __init__(self) -> None:
        self.outcomes: dict[str, dict[str, bool]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == PROPERTY:
                test, runtime, outcome = value
                passed = outcome == "passed"
                self.outcomes[test][runtime] = passed and self.outcomes[test].get(runtime, True)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        runtimes = sorted({name for row in self.outcomes.values() for name in row})
        if not runtimes:
            return
        terminalreporter.section("the runtime-spec, by runtime")
        for test, row in sorted(self.outcomes.items()):
            if not all(row.values()):
                cells = "".join(f"{_cell(row.get(name)):<8}" for name in runtimes)
                terminalreporter.line(f"{cells}{test}")
        for index, name in enumerate(runtimes):
            column = [row[name] for row in self.outcomes.values() if name in row]
            terminalreporter.line(
                f"{'':<{8 * index}}{name}: {sum(column)} of {len(column)} tests pass"
            )


def _cell(passed: bool | None) -> str:
    return "-" if passed is None else "" if passed else "FAILS"
