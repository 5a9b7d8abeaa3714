"""The total of a run: one event on its timeline, and two tags."""

import gc
import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import openai
import pytest

from dagster_openai_otel import faults
from dagster_openai_otel.steps.metadata import Remarks, metadata_of
from dagster_openai_otel.steps.upstream import execute_run_iterator
from dagster_openai_otel.tally import Model, Sums, Tally
from dagster_openai_otel.testing import Answer
from tests.events import billed, run_totals, shown_usage, summed, summed_total
from tests.processes import run_python
from tests.steps import jobs
from tests.steps.asking import ask, execute, materialize

TAGS = ("openai/cost_usd", "openai/total_tokens")


@dg.asset
def poem():
    ask()
    ask(model="gpt-4.1-mini")


@dg.asset(deps=[poem])
def failing():
    ask("Before it fails.")
    message = "no"
    raise RuntimeError(message)


@dg.asset
def silent():
    return 1


def tags(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return {name: value for name, value in run.tags.items() if name in TAGS}


def order(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Types of the events, with `TOTAL` for that of the total."""
    events = [record.dagster_event for record in instance.all_logs(run_id) if record.dagster_event]
    return ["TOTAL" if "Total usage" in (event.message or "") else event.event_type_value for event in events]


def test_the_total_of_a_run_is_the_bill(api, instance):
    ran = materialize(instance, poem)

    (total,) = run_totals(instance, ran.result.run_id)
    assert summed_total(total) == summed(ran.shown) == billed(api.bill)


def test_no_key_of_the_total_is_one_that_is_added_up(api, instance):
    ran = materialize(instance, poem)

    (total,) = run_totals(instance, ran.result.run_id)
    (shown,) = ran.shown
    assert set(total) & set(shown.metadata) == {"openai/prices"}


def test_the_total_has_a_row_for_each_model(api, instance):
    @dg.asset(deps=[poem])
    def again():
        ask()

    ran = materialize(instance, poem, again)

    (total,) = run_totals(instance, ran.result.run_id)
    rows = [record.data for record in total["openai/run_by_model"].records]
    assert {row["model"]: row["calls"] for row in rows} == {
        "gpt-4.1-mini-2025-04-14": 1,
        "gpt-5-mini-2025-08-07": 2,
    }
    assert sum(row["total_tokens"] for row in rows) == total["openai/run_total_tokens"]


def test_the_tags_say_the_dollars_in_full_and_the_tokens(api, instance):
    ran = materialize(instance, poem)

    bill = billed(api.bill)
    shown = tags(instance, ran.result.run_id)
    assert shown["openai/total_tokens"] == str(bill["total_tokens"])
    assert Decimal(shown["openai/cost_usd"]) == bill["cost_usd"]
    assert "E" not in shown["openai/cost_usd"]


def test_the_tags_find_the_run(api, instance):
    ran = materialize(instance, poem)

    found = instance.get_run_ids(dg.RunsFilter(tags=tags(instance, ran.result.run_id)))
    assert found == [ran.result.run_id]


@pytest.mark.parametrize("raises", [True, False])
def test_whoever_waits_for_the_end_of_a_run_finds_its_total(raises, api, instance):
    good = materialize(instance, poem)
    try:
        bad = dg.materialize([poem, failing], instance=instance, raise_on_error=raises).run_id
    except RuntimeError:
        bad = instance.get_run_ids(limit=1)[0]

    assert order(instance, good.result.run_id)[-2:] == ["TOTAL", "PIPELINE_SUCCESS"]
    assert order(instance, bad)[-2:] == ["TOTAL", "PIPELINE_FAILURE"]


def test_a_run_that_fails_has_a_total_with_what_failed(api, instance):
    ran = materialize(instance, poem, failing)

    (total,) = run_totals(instance, ran.result.run_id)
    assert not ran.result.success
    assert total["openai/run_calls"] == 3
    assert summed_total(total) == billed(api.bill)


@pytest.mark.parametrize("canceled", [True, False])
def test_a_run_that_is_interrupted_has_a_total(canceled, api, instance):
    @dg.asset
    def interrupted(context: dg.AssetExecutionContext):
        ask()
        if canceled:
            context.instance.report_run_canceling(context.run)
        raise KeyboardInterrupt

    ran = materialize(instance, interrupted)

    (total,) = run_totals(instance, ran.result.run_id)
    ends = "PIPELINE_CANCELED" if canceled else "PIPELINE_FAILURE"
    assert order(instance, ran.result.run_id)[-2:] == ["TOTAL", ends]
    assert summed_total(total) == billed(api.bill)


# generators of Dagster do not end when they are told to, with the library and without
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_run_whose_events_nobody_takes_any_more_has_a_total(api):
    with dg.DagsterInstance.local_temp() as instance:
        job = dg.reconstructable(jobs.in_process)
        run = instance.create_run_for_job(job.get_definition())
        for event in execute_run_iterator(job, run, instance):
            if event.event_type_value == "STEP_SUCCESS":
                break
        del event
        gc.collect()

        (total,) = run_totals(instance, run.run_id)
        assert order(instance, run.run_id).count("TOTAL") == 1

    assert summed_total(total) == billed(api.bill)


def test_a_run_without_calls_has_neither_total_nor_tags(api, instance):
    ran = materialize(instance, silent)

    assert run_totals(instance, ran.result.run_id) == []
    assert tags(instance, ran.result.run_id) == {}


def test_a_run_that_could_not_be_priced_has_no_tag_with_dollars(api, instance):
    @dg.asset
    def unpriced():
        ask(model="nobody-knows-it")

    ran = materialize(instance, unpriced)

    (total,) = run_totals(instance, ran.result.run_id)
    assert tags(instance, ran.result.run_id) == {"openai/total_tokens": str(api.bill.usage.total_tokens)}
    assert total["openai/run_unpriced_calls"] == 1
    assert "openai/run_cost_usd" not in total


def test_keys_of_the_user_with_our_names_are_not_in_the_total(api, instance):
    @dg.asset
    def named():
        return dg.Output(ask(), metadata={"openai/calls": "mine", "openai/total_tokens": 7})

    ran = materialize(instance, named)

    (total,) = run_totals(instance, ran.result.run_id)
    assert summed_total(total) == billed(api.bill)


def test_a_stream_that_is_dropped_after_the_output_is_in_the_total(api, instance):
    def leave() -> None:
        with openai.OpenAI() as client:
            answer: Any = client.chat.completions.create(
                model="gpt-5-mini", messages=[{"role": "user", "content": "A poem."}], stream=True
            )
            next(answer)
            # only the garbage collector finds it
            answer.cycle = answer

    @dg.asset
    def leaving():
        leave()
        yield dg.Output(1)
        leave()

    ran = materialize(instance, leaving)

    (total,) = run_totals(instance, ran.result.run_id)
    assert summed_total(total) == billed(api.bill)
    assert ran.outcomes == [
        ("materialization", "leaving", 1, None),
        ("observation", "leaving", 1, "after the output"),
    ]


def test_requests_that_fail_are_in_the_total(api, instance):
    @dg.asset
    def refused():
        api.script(Answer(status=400))
        ask()

    ran = materialize(instance, refused)

    (total,) = run_totals(instance, ran.result.run_id)
    assert (total["openai/run_calls"], total["openai/run_failed_calls"]) == (0, 1)


def test_ops_and_checks_are_in_the_total(api, instance):
    @dg.op(out={})
    def writes():
        ask()

    @dg.op
    def reads():
        ask()

    @dg.job
    def both():
        writes()
        reads()

    @dg.asset_check(asset=silent)
    def judged():
        ask()
        return dg.AssetCheckResult(passed=True)

    jobs_run, checked = execute(instance, both), materialize(instance, silent, judged)

    (first,) = run_totals(instance, jobs_run.result.run_id)
    (second,) = run_totals(instance, checked.result.run_id)
    assert (first["openai/run_calls"], second["openai/run_calls"]) == (2, 1)


def test_a_run_that_is_executed_again_counts_only_its_own(api, instance):
    inherited = {"openai/cost_usd": "12.5", "openai/total_tokens": "99", "mine": "stays"}

    ran = materialize(instance, poem, tags=inherited)
    idle = materialize(instance, silent, tags=inherited)

    run = instance.get_run_by_id(ran.result.run_id)
    assert run is not None
    assert run.tags["mine"] == "stays"
    assert run.tags["openai/total_tokens"] == str(billed(api.bill)["total_tokens"])
    assert Decimal(run.tags["openai/cost_usd"]) == billed(api.bill)["cost_usd"]
    assert tags(instance, idle.result.run_id) == {"openai/cost_usd": "0", "openai/total_tokens": "0"}


def test_an_inherited_price_of_what_cannot_be_priced_becomes_unknown(api, instance):
    @dg.asset
    def unpriced():
        ask(model="nobody-knows-it")

    ran = materialize(instance, unpriced, tags={"openai/cost_usd": "12.5"})

    assert tags(instance, ran.result.run_id)["openai/cost_usd"] == "unknown"


def test_the_tags_that_a_step_sets_stay(api, instance):
    @dg.asset
    def tagging(context: dg.AssetExecutionContext):
        context.instance.add_run_tags(context.run.run_id, {"mine": "1"})
        ask()

    ran = materialize(instance, tagging)

    run = instance.get_run_by_id(ran.result.run_id)
    assert run is not None
    assert run.tags["mine"] == "1"
    assert run.is_success


def test_the_events_in_memory_are_those_without_the_library(api, instance):
    ran = materialize(instance, poem)

    kinds = [event.event_type_value for event in ran.result.all_events]
    assert kinds[-1] == "PIPELINE_SUCCESS"
    assert not [event for event in ran.result.all_events if "Total usage" in (event.message or "")]


def test_a_run_whose_tags_cannot_be_written_succeeds_and_has_its_total(api, monkeypatch):
    monkeypatch.setattr(faults, "_raising", False)

    @dg.asset
    def breaking(context: dg.AssetExecutionContext):
        ask()
        with sqlite3.connect(Path(context.instance.root_directory) / "history" / "runs.db") as runs:
            runs.execute("DROP TABLE run_tags")

    with dg.DagsterInstance.local_temp() as instance:
        result = dg.materialize([breaking], instance=instance)

        assert result.success
        assert len(run_totals(instance, result.run_id)) == 1


def test_more_events_than_one_page_are_added_up(api, instance):
    once = Tally(by_model={Model(name="gpt-5-mini", service_tier=None): Sums(calls=1)})
    used = metadata_of(once, Remarks())

    @dg.op
    def telling(context: dg.OpExecutionContext):
        for _ in range(520):
            context.log_event(dg.AssetObservation("poem", metadata=used))
        ask()

    @dg.job
    def told():
        telling()

    ran = execute(instance, told)

    (total,) = run_totals(instance, ran.result.run_id)
    assert total["openai/run_calls"] == 521


@pytest.mark.slow
def test_a_run_whose_steps_are_processes_has_one_total_of_all_of_them(api):
    with (
        dg.DagsterInstance.local_temp() as instance,
        dg.execute_job(dg.reconstructable(jobs.pipeline), instance=instance) as result,
    ):
        (total,) = run_totals(instance, result.run_id)
        shown = shown_usage(instance, result.run_id)
        tokens = tags(instance, result.run_id)["openai/total_tokens"]

    assert result.success
    assert summed_total(total) == summed(shown) == billed(api.bill)
    assert tokens == str(billed(api.bill)["total_tokens"])


@pytest.mark.slow
def test_a_process_that_executes_one_step_of_a_run_writes_no_total(api):
    printed = run_python(
        """
        import json
        import dagster as dg
        from dagster._core.execution.api import create_execution_plan, execute_plan
        from tests.events import run_totals, shown_usage
        from tests.steps import jobs

        with dg.DagsterInstance.local_temp() as instance:
            job = dg.reconstructable(jobs.single)
            run = instance.create_run_for_job(job.get_definition())
            execute_plan(create_execution_plan(job), job, instance, run)
            print(json.dumps([
                len(shown_usage(instance, run.run_id)),
                len(run_totals(instance, run.run_id)),
                sorted(instance.get_run_by_id(run.run_id).tags),
            ]))
        """,
        **api.environment,
    )

    assert json.loads(printed.splitlines()[-1]) == [1, 0, []]
