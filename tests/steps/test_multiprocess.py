"""Steps that are processes of their own."""

import json
from typing import Any

import dagster as dg
import pytest

from dagster_openai_otel.testing import FakeOpenAI
from tests.events import Shown, billed, shown_usage, summed
from tests.processes import run_python
from tests.steps import jobs

pytestmark = pytest.mark.slow


def executed(job: Any) -> tuple[bool, list[Shown]]:
    with (
        dg.DagsterInstance.local_temp() as instance,
        dg.execute_job(dg.reconstructable(job), instance=instance) as result,
    ):
        return result.success, shown_usage(instance, result.run_id)


def test_the_usage_of_all_processes_adds_up_to_the_bill(api):
    success, shown = executed(jobs.pipeline)

    assert success
    assert sorted((event.kind, event.target, event.calls) for event in shown) == [
        ("check", "poem:rhymes", 1),
        ("materialization", "left", 2),
        ("materialization", "poem", 2),
        ("materialization", "right", 1),
        ("observation", "poem", 1),
        ("observation", "poem", 2),
    ]
    assert summed(shown) == billed(api.bill)


def test_with_opentelemetry_turned_off_nothing_is_recorded_and_the_log_of_the_run_says_so_once():
    with FakeOpenAI() as api:
        printed = run_python(
            """
            import json
            import dagster as dg
            from tests.events import shown_usage
            from tests.steps import jobs

            if __name__ == "__main__":
                with (
                    dg.DagsterInstance.local_temp() as instance,
                    dg.execute_job(dg.reconstructable(jobs.single), instance=instance) as result,
                ):
                    said = [
                        record.message
                        for record in instance.all_logs(result.run_id)
                        if "OTEL_SDK_DISABLED" in record.message
                    ]
                    print(json.dumps([result.success, len(shown_usage(instance, result.run_id)), said]))
            """,
            OTEL_SDK_DISABLED="true",
            **api.environment,
        )

    success, shown, said = json.loads(printed)
    assert (success, shown) == (True, 0)
    assert len(said) == 1
    assert len(api.bill.calls) == 1
