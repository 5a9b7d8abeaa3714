"""What is relied on in Dagster round runs and ticks; see `test_upstream.py`."""

import re
from importlib import import_module
from inspect import getgeneratorlocals
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution import api as dagster_api

import dagster_openai_otel
from dagster_openai_otel.steps import upstream
from tests.steps.asking import execute, materialize

execute_plan: Any = import_module("dagster._core.execution.plan.execute_plan")
PACKAGE = Path(dagster_openai_otel.__file__).parent
NO = "no"


@dg.asset
def poem():
    pass


@dg.asset
def failing():
    raise RuntimeError(NO)


@dg.success_hook
def told(context: dg.HookContext):
    pass


@pytest.mark.parametrize("name", upstream.NAMES, ids=lambda name: name.name)
def test_each_name_that_is_loaded_is_there(name):
    assert callable(name.load())


def test_no_other_module_names_a_private_module_of_dagster():
    naming = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"dagster\._|dagster_shared", path.read_text())
    ]

    assert naming == ["steps/upstream.py"]


@pytest.mark.parametrize("module", [upstream.NO_COMPUTE_LOGS, *upstream.LOADED_BY_STEPS])
def test_the_modules_that_the_demo_names_are_there(module):
    """Its instance keeps no output of its steps, and the process that they are forked from loads theirs."""
    assert import_module(module)


@pytest.mark.parametrize("asset", [poem, failing], ids=["good", "bad"])
def test_the_hooks_of_a_step_run_right_after_it_in_its_thread(asset, instance, monkeypatch):
    """`_trigger_hook` is wrapped, so that what a hook asks belongs to the step, also where it has no hook."""
    seen, original = [], execute_plan._trigger_hook

    def spy(step: Any, events: Any) -> Any:
        seen.append((step.step.key, events[-1].event_type_value))
        return original(step, events)

    monkeypatch.setattr(execute_plan, "_trigger_hook", spy)
    materialize(instance, asset)

    name = asset.key.to_user_string()
    assert seen == [(name, "STEP_SUCCESS" if asset is poem else "STEP_FAILURE")]


@pytest.mark.parametrize(
    ("asset", "ending"), [(poem, "job_success"), (failing, "job_failure")], ids=["good", "bad"]
)
def test_the_last_event_of_a_run_is_stored_by_the_function_that_makes_it(
    asset, ending, instance, monkeypatch
):
    """`job_success`, `job_failure` and `job_canceled` are wrapped, for a total before the last event."""
    seen, original = [], getattr(dg.DagsterEvent, ending)

    def stored(run_id: str) -> list[str]:
        return [
            record.dagster_event.event_type_value
            for record in instance.all_logs(run_id)
            if record.dagster_event
        ]

    def spy(context: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(ending.upper().replace("JOB", "PIPELINE") in stored(context.run_id))
        event = original(context, *args, **kwargs)
        seen.append(stored(context.run_id)[-1] == event.event_type_value)
        return event

    monkeypatch.setattr(dg.DagsterEvent, ending, spy)
    materialize(instance, asset)

    assert seen == [False, True]


def test_a_run_and_its_instance_are_known_before_its_resources_are(instance, monkeypatch):
    """A resource that asks while it is set up asks for a run: there is no context yet."""
    iterable, seen = dagster_api.ExecuteRunWithPlanIterable, []
    original = iterable.__iter__

    def spy(plan: Any) -> Any:
        given = getgeneratorlocals(plan.execution_context_manager.get_generator())
        seen.append((plan.job_context, given["dagster_run"].run_id, given["instance"] is instance))
        return original(plan)

    monkeypatch.setattr(iterable, "__iter__", spy)
    ran = materialize(instance, poem)

    assert seen == [(None, ran.result.run_id, True)] * 2


def test_a_plan_knows_the_steps_that_it_executes(instance, monkeypatch):
    """What is asked outside the only step of a process is told with that step."""
    iterable, seen = dagster_api.ExecuteRunWithPlanIterable, []
    original = iterable.__iter__

    def spy(plan: Any) -> Any:
        seen.append(list(plan.execution_plan.step_keys_to_execute))
        return original(plan)

    monkeypatch.setattr(iterable, "__iter__", spy)
    materialize(instance, poem)

    assert seen == [["poem"]] * 2


def test_a_check_that_blocks_raises_an_error_of_this_name_once_its_result_is_stored(instance):
    """Its usage has been shown with the result, and is not shown again with the failure."""

    @dg.asset_check(asset=poem, blocking=True)
    def judged():
        return dg.AssetCheckResult(passed=False)

    ran = materialize(instance, poem, judged)

    failures = [event for event in ran.result.all_events if event.event_type_value == "STEP_FAILURE"]
    errors: list[Any] = [event.step_failure_data.error for event in failures]
    assert [error.cls_name for error in errors] == [upstream.BLOCKING_CHECK_ERROR]


@pytest.mark.parametrize("kind", ["sensor", "schedule"])
def test_a_tick_is_evaluated_by_this_method_with_a_context_that_has_its_log(kind, instance, monkeypatch):
    """`evaluate_tick` is wrapped for the span of a tick, and for its usage in its log."""

    @dg.job
    def job():
        pass

    @dg.sensor(job=job)
    def sensor():
        return dg.SkipReason("nothing")

    @dg.schedule(job=job, cron_schedule="* * * * *")
    def schedule():
        return dg.SkipReason("nothing")

    definition: Any = sensor if kind == "sensor" else schedule
    build: Any = dg.build_sensor_context if kind == "sensor" else dg.build_schedule_context
    context = build(instance=instance)

    result = definition.evaluate_tick(context)

    assert (result.skip_message, result.log_key) == ("nothing", context.log_key)
    assert not context.has_captured_logs()
    assert callable(context.log.info)
    assert [kind for kind in type(definition).__mro__ if "evaluate_tick" in vars(kind)] == [type(definition)]


def test_a_schedules_context_has_the_time_of_its_tick_where_it_has_one():
    """The public property raises where there is none."""
    assert dg.build_schedule_context()._scheduled_execution_time is None


def test_the_events_of_a_run_are_read_page_by_page(instance):
    """`get_records_for_run` has no promise, unlike `get_event_records`, which does not take a run."""

    @dg.op(out={})
    def telling(context: dg.OpExecutionContext):
        for number in range(5):
            context.log_event(dg.AssetObservation("poem", metadata={"number": number}))

    @dg.job(hooks={told})
    def job():
        telling()

    run_id = execute(instance, job).result.run_id
    kinds = {dg.DagsterEventType.ASSET_OBSERVATION}

    first = instance.get_records_for_run(run_id, None, kinds, 3)
    second = instance.get_records_for_run(run_id, first.cursor, kinds, 3)

    events = [record.event_log_entry.dagster_event for page in (first, second) for record in page.records]
    seen = [event.asset_observation_data.asset_observation.metadata["number"].value for event in events]
    assert seen == [0, 1, 2, 3, 4]
    assert (first.has_more, second.has_more) == (True, False)


def test_a_library_of_others_is_told_of_with_a_version_of_its_own(monkeypatch):
    """A code location tells which libraries it has; one of Dagster's own would need Dagster's version."""
    registry = import_module("dagster._core.libraries").DagsterLibraryRegistry
    monkeypatch.setattr(registry, "_libraries", {})

    upstream.register_library("others", "0.0.7")

    assert registry.get() == {"others": "0.0.7"}
