"""Whatever the steps of a run are and do: what its events show is what was billed."""

from collections.abc import Callable

import dagster as dg
import pytest
from hypothesis import HealthCheck, given, settings

from tests.events import billed, summed
from tests.steps.asking import Ran, execute, materialize
from tests.steps.random_jobs import Plan, assets_of, ops_of, plans

# the stand-in and the instance are emptied for each example
_settings: Callable[..., settings] = lambda examples: settings(  # noqa: E731  # reads as what it is
    max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def check(api, ran: Ran, plan: Plan) -> None:
    assert ran.result.success == plan.succeeds
    assert summed(ran.shown) == billed(api.bill)


def check_both(api, instance: dg.DagsterInstance, plan: Plan) -> None:
    api.bill.clear()
    check(api, materialize(instance, *assets_of(plan), tags=plan.tags), plan)
    api.bill.clear()
    check(api, execute(instance, ops_of(plan)), plan)
    instance.wipe()


@given(plan=plans)
@_settings(8)
def test_a_random_run_shows_what_was_billed(api, instance, plan: Plan):
    check_both(api, instance, plan)


@pytest.mark.slow
@pytest.mark.timeout(600)
@given(plan=plans)
@_settings(100)
def test_many_random_runs_show_what_was_billed(api, instance, plan: Plan):
    check_both(api, instance, plan)
