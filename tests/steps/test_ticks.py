"""Calls of sensors and schedules: their spans, and their usage in the tick's own log."""

import json
import logging
import warnings
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from dagster_openai_otel import conventions
from tests.processes import run_python
from tests.steps.asking import ask
from tests.steps.spanning import spans_of_this_process

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
REFUSAL = "the sensor failed"


@dg.job
def poems():
    pass


@dg.asset
def poem():
    pass


@dg.sensor(job=poems)
def watching(context: dg.SensorEvaluationContext):
    ask()
    return dg.RunRequest(run_key="one")


@dg.sensor(job=poems)
def failing(context: dg.SensorEvaluationContext):
    ask()
    raise RuntimeError(REFUSAL)


@dg.sensor(job=poems)
def silent():
    return dg.SkipReason("nothing new")


@dg.asset_sensor(asset_key=poem.key, job=poems)
def of_an_asset(context: dg.SensorEvaluationContext, event: dg.EventLogEntry):
    ask()
    return dg.RunRequest()


def ask_of_assets(context: dg.MultiAssetSensorEvaluationContext):
    context.advance_all_cursors()
    ask()
    return dg.RunRequest()


with warnings.catch_warnings(action="ignore"):
    # Dagster would rather have people use something else
    of_assets = dg.multi_asset_sensor(monitored_assets=[poem.key], job=poems, name="of_assets")(ask_of_assets)


@dg.run_status_sensor(run_status=dg.DagsterRunStatus.SUCCESS, monitor_all_code_locations=True)
def of_runs(context: dg.RunStatusSensorContext):
    ask()


@dg.schedule(cron_schedule="* * * * *", job=poems)
def planning(context: dg.ScheduleEvaluationContext):
    ask()
    return dg.RunRequest(run_key="one")


@pytest.fixture
def instance():
    with dg.DagsterInstance.local_temp() as local:
        yield local


def tick(definition: Any, instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    """Evaluate a sensor or schedule with a context as the code server makes it."""
    key = ["repository", definition.name, "7"]
    if isinstance(definition, dg.ScheduleDefinition):
        context: Any = dg.ScheduleEvaluationContext(
            instance.get_ref(), AT, key, "repository", definition.name
        )
    else:
        context = dg.SensorEvaluationContext(
            instance_ref=instance.get_ref(),
            last_tick_completion_time=None,
            last_run_key=None,
            cursor=cursor,
            log_key=key,
            repository_name="repository",
            sensor_name=definition.name,
            repository_def=dg.Definitions([poem], jobs=[poems]).get_repository_def(),
        )
    with context:
        return definition.evaluate_tick(context)


def logged(instance: dg.DagsterInstance, definition: Any) -> str:
    """What the page of a tick shows as its log."""
    data = instance.compute_log_manager.get_log_data(["repository", definition.name, "7"])
    return (data.stderr or b"").decode()


def materialized(instance: dg.DagsterInstance) -> None:
    assert dg.materialize([poem], instance=instance).success


def test_the_usage_of_a_sensor_is_in_the_log_of_its_tick(api, instance):
    result = tick(watching, instance)

    assert [request.run_key for request in result.run_requests] == ["one"]
    assert result.log_key == ["repository", "watching", "7"]
    used = f"1 call, {api.bill.usage.total_tokens} tokens, ${api.bill.cost_usd:.6f}"
    assert f"Usage of the OpenAI API in this tick: {used}, asked for at " in logged(instance, watching)


def test_the_usage_of_a_schedule_is_in_the_log_of_its_tick(api, instance):
    result = tick(planning, instance)

    assert [request.run_key for request in result.run_requests] == ["one"]
    assert result.log_key == ["repository", "planning", "7"]
    assert "Usage of the OpenAI API in this tick: 1 call, " in logged(instance, planning)


def test_a_tick_that_fails_raises_its_error_and_logs_its_usage(api, instance):
    with pytest.raises(RuntimeError, match=REFUSAL):
        tick(failing, instance)

    assert "in this tick: 1 call, " in logged(instance, failing)


def test_a_tick_without_calls_is_as_without_the_library(api, instance):
    with spans_of_this_process() as exported:
        result = tick(silent, instance)

    assert (result.skip_message, result.log_key) == ("nothing new", None)
    assert exported.get_finished_spans() == ()


@pytest.mark.filterwarnings("ignore:.* is currently in")
@pytest.mark.parametrize("definition", [of_an_asset, of_assets], ids=lambda sensor: sensor.name)
def test_sensors_of_assets_have_ticks_too(definition, api, instance):
    materialized(instance)

    tick(definition, instance)

    assert "in this tick: 1 call, " in logged(instance, definition)


def test_a_sensor_of_runs_has_ticks_too(api, instance):
    tick(of_runs, instance)  # the first one only begins to watch
    cursor = tick(of_runs, instance).cursor
    materialized(instance)

    tick(of_runs, instance, cursor)

    assert "in this tick: 1 call, " in logged(instance, of_runs)


def test_a_sensors_calls_are_children_of_the_span_of_its_tick(api, instance):
    with spans_of_this_process() as exported:
        tick(watching, instance, cursor="c" * 300)
        asked, tick_span = exported.get_finished_spans()

    of_tick = {
        conventions.SENSOR_NAME: "watching",
        conventions.TICK_ID: "7",
        conventions.TICK_CURSOR: "c" * 256,
    }
    assert (tick_span.name, tick_span.parent) == ("sensor watching", None)
    assert dict(tick_span.attributes) == of_tick
    assert (asked.name, asked.parent.span_id) == ("chat gpt-5-mini", tick_span.context.span_id)
    assert asked.context.trace_id == tick_span.context.trace_id
    assert of_tick.items() <= dict(asked.attributes).items()
    assert tick_span.start_time <= asked.start_time


def test_a_schedules_span_says_the_time_that_it_is_for(api, instance):
    with spans_of_this_process() as exported:
        tick(planning, instance)
        asked, tick_span = exported.get_finished_spans()

    assert tick_span.name == "schedule planning"
    assert dict(tick_span.attributes) == {
        conventions.SCHEDULE_NAME: "planning",
        conventions.TICK_ID: "7",
        conventions.TICK_SCHEDULED_TIME: "2026-01-02T03:04:00+00:00",
    }
    assert asked.parent.span_id == tick_span.context.span_id


def test_the_span_of_a_tick_that_fails_says_so(api, instance):
    with spans_of_this_process() as exported:
        with pytest.raises(RuntimeError):
            tick(failing, instance)
        _, tick_span = exported.get_finished_spans()

    assert tick_span.attributes[conventions.ERROR_TYPE] == "RuntimeError"
    assert REFUSAL not in str(tick_span.to_json())


@pytest.mark.parametrize("definition", [watching, planning], ids=lambda definition: definition.name)
def test_a_unit_test_can_call_a_sensor_or_schedule(definition, api, caplog):
    context: Any = dg.build_sensor_context() if definition is watching else dg.build_schedule_context()

    with caplog.at_level(logging.ERROR):
        assert definition(context).run_key == "one"
        assert [request.run_key for request in definition.evaluate_tick(context).run_requests] == ["one"]

    assert caplog.records == []
    assert len(api.bill.calls) == 2


@pytest.mark.slow
def test_the_daemon_and_the_code_server_show_the_usage_of_a_tick(api):
    printed = run_python(
        """
        import json, logging
        import dagster as dg
        from dagster._core.definitions.instigation_logger import get_instigation_log_records
        from dagster._core.test_utils import create_test_daemon_workspace_context
        from dagster._core.workspace.load_target import ModuleTarget
        from dagster._daemon.sensor import execute_sensor_iteration

        if __name__ == "__main__":
            target = ModuleTarget("tests.steps.tick_defs", None, working_directory=None, location_name="one")
            with (
                dg.DagsterInstance.local_temp() as instance,
                create_test_daemon_workspace_context(target, instance) as workspace,
            ):
                list(execute_sensor_iteration(workspace, logging.getLogger("daemon"), None, None))
                location = workspace.create_request_context().get_code_location("one")
                (repository,) = location.get_repositories().values()
                sensor = repository.get_sensor("watching")
                origin = getattr(sensor, "get_remote_origin_id", None) or sensor.get_external_origin_id
                (tick,) = instance.get_ticks(origin(), sensor.selector_id)
                lines = [line["dagster_meta"]["orig_message"] for line in
                         get_instigation_log_records(instance, tick.log_key)]
                print(json.dumps([tick.status.value, lines]))
        """,
        **api.environment,
    )

    (result,) = [line for line in printed.splitlines() if line.startswith('["')]
    status, (line,) = json.loads(result)
    assert status == "SKIPPED"
    assert line.startswith(f"Usage of the OpenAI API in this tick: 1 call, {api.bill.usage.total_tokens} tok")
