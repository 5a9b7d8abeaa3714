"""The player of the matrix, and its score at the end of the session."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from tests.matrix.play import Player
from tests.matrix.tables import HERE, ROWS


@pytest.fixture(scope="session")
def player() -> Iterator[Player]:
    yield Player()
    # the player freezes what it is not to look at again
    gc.unfreeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many rows are right, and which of them this SDK does not have."""
    played = [
        report
        for outcome in ("passed", "failed", "xfailed")
        for report in terminalreporter.getreports(outcome)
        if "test_a_row_is_right[" in report.nodeid and report.when == "call"
    ]
    if not played:
        return
    right = sum(report.outcome == "passed" for report in played)
    absent = [row.name for row in ROWS if not row.is_in_this_sdk]
    terminalreporter.write_line(f"matrix: {right} of {len(HERE)} rows right")
    if absent:
        terminalreporter.write_line(f"not in this SDK, {len(absent)} rows: {', '.join(absent)}")
