"""Whatever the steps are and do: `usage` says what was billed, by everything that it can add up."""

import dagster as dg
import pytest
from hypothesis import HealthCheck, given, settings

from dagster_openai_otel.cli.kinds import KINDS
from tests.cli.command import added, call, of_bill, told
from tests.steps.random_jobs import Plan, assets_of, ops_of, plans


@pytest.mark.slow
@pytest.mark.timeout(400)
@given(plan=plans)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_usage_agrees_with_the_bill_over_random_runs(api, home, plan: Plan):
    with dg.DagsterInstance.from_config(str(home)) as instance:
        dg.materialize(assets_of(plan), instance=instance, tags=plan.tags, raise_on_error=False)
        ops_of(plan).execute_in_process(instance=instance, raise_on_error=False)

    # the runs of all examples until here
    for by in KINDS:
        report = call("usage", "--by", by, "--format", "json", DAGSTER_HOME=str(home)).json
        assert told(report["total"]) == of_bill(api.bill)
        if api.bill.calls:
            assert added(report["rows"]) == of_bill(api.bill)
