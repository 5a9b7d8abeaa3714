"""Running the job of the tests, and what it says it used."""

import sys

import dagster as dg

from tests.events import shown_usage, summed
from tests.trace import pipelines


def play(column: str, **tags: str) -> None:
    """Run the job as a column says; print its id and how many tokens it shows."""
    job = dg.build_reconstructable_job(pipelines.__name__, "job_on", (column,))
    with (
        dg.DagsterInstance.local_temp() as instance,
        dg.execute_job(job, instance, raise_on_error=True, tags=tags) as result,
    ):
        tokens = summed(shown_usage(instance, result.run_id))["total_tokens"]
        sys.stdout.write(f"{result.run_id} {tokens}\n")
