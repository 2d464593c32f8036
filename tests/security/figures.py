"""What the proofs measured: each test notes its figure under its threat, and `make prove` ends with the table."""

from collections.abc import Callable

import pytest
from _pytest.terminal import TerminalReporter

Measured = Callable[[str, str], None]
_NAME = "measured"


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Measured:
    """Return what notes a figure: the threat, and what was measured, in words."""
    return lambda threat, figure: record_property(_NAME, (threat, figure))


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """Print the table of threats with what was measured, after the long proofs."""
    if config.option.markexpr != "prove":
        return
    rows = [
        (*value, report.outcome)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == _NAME
    ]
    if not rows:
        return
    widest = max(len(threat) for threat, _, _ in rows)
    terminalreporter.section("threats and what was measured")
    for threat, figure, outcome in sorted(rows):
        terminalreporter.line(f"{threat:{widest}}  {figure}{'' if outcome == 'passed' else '  FAILED'}")
