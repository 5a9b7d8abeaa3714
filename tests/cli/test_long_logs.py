"""A long event log is read in as much memory as a short one."""

import tracemalloc
from pathlib import Path

import dagster as dg
import pytest

from benchmarks.event_log import Size, fill
from tests.cli.command import Ended, call
from tests.cli.conftest import made_home


def peak_over(folder: Path, runs: int) -> tuple[Ended, int, int]:
    """What `usage` says of a log of some runs, the calls in that log, and the most bytes that Python held."""
    home = made_home(folder)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        written = fill(instance, Size(runs=runs, events=300))
    tracemalloc.start()
    try:
        ended = call(
            "usage", "--since", "all", "--by", "run", "--top", "5", "--format", "json", DAGSTER_HOME=str(home)
        )
        return ended, written.calls, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_ten_times_the_events_take_no_more_memory(tmp_path):
    peak_over(tmp_path / "first", 1)
    short, few, low = peak_over(tmp_path / "short", 4)
    long, many, high = peak_over(tmp_path / "long", 40)

    assert (short.json["total"]["calls"], long.json["total"]["calls"]) == (few, many)
    assert long.json["events_read"] == 12_000
    assert high < low * 1.25
