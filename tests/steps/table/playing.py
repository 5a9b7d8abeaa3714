"""Running the rows of the table."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from dagster_openai_otel.testing import FakeOpenAI
from tests.processes import run_python
from tests.steps.table.cells import Bare, own_events
from tests.steps.table.jobs import GROUPS, job_of
from tests.steps.table.partition_rows import CUSTOMERS
from tests.steps.table.rows import Row

_BARE = """
import json
from tests.steps.table.playing import play_bare

print(json.dumps(play_bare()))
"""


def play(instance: dg.DagsterInstance, rows: list[Row]) -> str:
    """Run some rows together in this process; the id of the run."""
    prepare(instance)
    job = job_of(rows)
    result = job.execute_in_process(instance=instance, tags=dict(rows[0].tags), raise_on_error=False)
    return result.run_id


def prepare(instance: dg.DagsterInstance) -> None:
    """Add what the rows expect of an instance."""
    instance.add_dynamic_partitions(str(CUSTOMERS.name), ["ann", "bob"])


def play_bare() -> dict[str, list[object]]:
    """Run all rows in this process, where nothing is instrumented; the events of the user, by step."""
    own: dict[str, list[object]] = {}
    with dg.DagsterInstance.ephemeral() as instance:
        for rows in GROUPS:
            own |= own_events(instance, play(instance, rows))
    return own


@contextmanager
def bare() -> Iterator[Bare]:
    """What the rows do in a process where nothing is instrumented."""
    with FakeOpenAI() as api:
        yield Bare(api=api, own=json.loads(run_python(_BARE, **api.environment)))
