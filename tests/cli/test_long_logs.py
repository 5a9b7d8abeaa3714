"""A long event log is read in as much memory as a short one."""

import json
from pathlib import Path

import dagster as dg
import pytest

from benchmarks.event_log import Size, fill
from tests.cli.conftest import made_home
from tests.processes import run_python

# In a process of its own: what other tests have left is not collected as often, the more there is of it.
_PEAKS = """
    import json, sys, tracemalloc
    from tests.cli.command import call

    def peak_over(home):
        tracemalloc.start()
        ended = call(
            "usage", "--since", "all", "--by", "run", "--top", "5", "--format", "json", DAGSTER_HOME=home
        )
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return ended.json["total"]["calls"], ended.json["events_read"], peak

    print(json.dumps([peak_over(home) for home in {homes!r}]))
"""


def log_of(folder: Path, runs: int) -> tuple[str, int]:
    """A home with a log of some runs, and the calls in it."""
    home = made_home(folder)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        written = fill(instance, Size(runs=runs, events=300))
    return str(home), written.calls


@pytest.mark.slow
def test_ten_times_the_events_take_no_more_memory(tmp_path):
    first, _ = log_of(tmp_path / "first", 1)
    short, few = log_of(tmp_path / "short", 4)
    long, many = log_of(tmp_path / "long", 40)

    _, (short_calls, _, low), (long_calls, events, high) = json.loads(
        run_python(_PEAKS.format(homes=[first, short, long])).splitlines()[-1]
    )

    assert (short_calls, long_calls) == (few, many)
    assert events == 12_000
    assert high < low * 1.25
