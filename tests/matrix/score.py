"""The score of the matrix at the end of a session."""

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many rows are right, and which of them this SDK does not have."""
    played = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if "test_a_row_is_right[" in report.nodeid and report.when == "call"
    ]
    if not played:
        return
    from tests.matrix.tables import HERE, ROWS  # noqa: PLC0415  # loads the SDK: not for other tests

    right = sum(report.passed for report in played)
    absent = [row.name for row in ROWS if not row.is_in_this_sdk]
    terminalreporter.write_line(f"matrix: {right} of {len(HERE)} rows right")
    if absent:
        terminalreporter.write_line(f"not in this SDK, {len(absent)} rows: {', '.join(absent)}")
