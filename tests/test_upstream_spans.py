"""What is relied on in Dagster for the spans of runs and steps; see `test_upstream.py`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage import tags

from dagster_openai_otel.steps import upstream
from tests.steps.asking import execute, materialize

execute_step: Any = import_module("dagster._core.execution.plan.execute_step")


class RefusalError(Exception):
    """What the steps below fail with."""


@dg.op(out=dg.DynamicOut())
def source():
    yield dg.DynamicOutput(1, mapping_key="a")


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def mapped(context: dg.OpExecutionContext, number: int) -> int:
    if context.retry_number == 0:
        raise RefusalError
    return number


@dg.op
def gather(numbers: list[int]):
    pass


@dg.job
def job():
    gather(source().map(mapped).collect())


@dg.asset
def poem(context: dg.AssetExecutionContext):
    context.log_event(dg.AssetObservation("other"))


@dg.asset_check(asset=poem)
def good():
    return dg.AssetCheckResult(passed=True)


@pytest.fixture
def steps(monkeypatch: Any) -> dict[tuple[str, int], Any]:
    """The context of each attempt of each step that runs in the test."""
    seen: dict[tuple[str, int], Any] = {}
    original = execute_step.enter_execution_context

    @contextmanager
    def spy(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with original(*args, **kwargs) as context:
            op_context = context.op_execution_context
            seen[op_context.get_step_execution_context().step.key, op_context.retry_number] = op_context
            yield context

    monkeypatch.setattr(execute_step, "enter_execution_context", spy)
    return seen


def test_a_step_knows_which_outputs_its_inputs_are_and_which_of_them_there_are(instance, steps):
    """`get_step_output_handle_dependencies` and `ready_outputs` say which steps a step links to."""
    execute(instance, job)

    step = steps["gather", 0].get_step_execution_context()
    handles = [
        handle for given in step.step.step_inputs for handle in given.get_step_output_handle_dependencies()
    ]
    assert [handle.step_key for handle in handles] == ["mapped[a]"]
    assert set(handles) <= step.get_known_state().ready_outputs


def test_a_step_knows_how_often_the_steps_before_it_were_tried_again(instance, steps):
    """`previous_retry_attempts` says which attempt of a step is linked to."""
    execute(instance, job)

    known = steps["gather", 0].get_step_execution_context().get_known_state()
    assert dict(known.previous_retry_attempts) == {"mapped[a]": 1}


def test_a_step_of_a_run_that_is_made_from_another_knows_what_that_has_made(steps):
    """`parent_state` says which run an input comes from."""
    with dg.DagsterInstance.local_temp() as instance:
        made = dg.reconstructable(in_this_process)
        with dg.execute_job(made, instance) as first:
            again = dg.ReexecutionOptions(first.run_id, step_selection=["gather"])
        with dg.execute_job(made, instance, reexecution_options=again) as second:
            assert second.success

    context = steps["gather", 0]
    known = context.get_step_execution_context().get_known_state()
    made_by = {handle.step_key for handle in known.parent_state.produced_outputs}
    assert (context.run.run_id, known.parent_state.run_id) == (second.run_id, first.run_id)
    assert known.parent_state.parent_state is None
    assert made_by == {"source", "mapped[a]", "gather"}
    assert context.run.step_keys_to_execute == ["gather"]


def in_this_process() -> dg.JobDefinition:
    return job.graph.to_job(name="job", executor_def=dg.in_process_executor)


def test_what_a_step_makes_passes_through_its_log(instance, steps):
    """The events on a step's span come from the records of its log, which have them as `dagster_event`."""
    seen: list[str] = []

    class Watching(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: object) -> None:
            class Handler(logging.Handler):
                def emit(self, record: logging.LogRecord) -> None:
                    event = getattr(record, upstream.EVENT_ON_RECORD, None)
                    seen.append(event.event_type_value if event else record.getMessage())

            steps[context.step_key, 0].log.addHandler(Handler())

        def load_input(self, context: dg.InputContext) -> None:
            pass

    materialize(instance, poem, good, resources={"io_manager": Watching()})

    assert "ASSET_MATERIALIZATION" in seen


def test_the_tags_that_say_who_launched_a_run_have_these_names():
    """The span of a run says who launched it, and over which partitions."""
    assert upstream.SENSOR_TAG == tags.SENSOR_NAME_TAG
    assert upstream.SCHEDULE_TAG == tags.SCHEDULE_NAME_TAG
    assert upstream.TICK_TAG == tags.TICK_ID_TAG
    assert upstream.BACKFILL_TAG == tags.BACKFILL_ID_TAG
    assert upstream.USER_TAG == tags.USER_TAG
    assert upstream.AUTOMATION_TAGS == (
        tags.AUTOMATION_CONDITION_TAG,
        tags.AUTO_MATERIALIZE_TAG,
        tags.AUTO_OBSERVE_TAG,
    )
    assert upstream.RUN_RETRY_TAG == tags.RETRY_NUMBER_TAG
    assert upstream.PARTITION_TAG == tags.PARTITION_NAME_TAG
    assert upstream.PARTITION_RANGE_TAGS == (
        tags.ASSET_PARTITION_RANGE_START_TAG,
        tags.ASSET_PARTITION_RANGE_END_TAG,
    )
    assert upstream.HIDDEN_TAG_PREFIX == tags.HIDDEN_TAG_PREFIX


@pytest.mark.parametrize("begins", ["RUN_START", "RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED"])
def test_the_first_and_last_events_of_a_run_have_the_old_name(begins):
    """The link to the trace is told after the first, and the last says how the run ended."""
    old = dg.DagsterEventType[begins].value

    assert old in {upstream.RUN_START, *upstream.ENDINGS}
    assert old == begins.replace("RUN", "PIPELINE")


def test_a_run_knows_the_assets_that_its_job_makes(instance, steps):
    """`JobDefinition.asset_layer` says which assets stand on the span of a run."""
    materialize(instance, poem)

    definition = steps["poem", 0].job_def
    assert list(definition.asset_layer.executable_asset_keys) == [dg.AssetKey("poem")]
