"""What the span of a run says: how it ended, who launched it, what it was made from."""

from typing import Any

import dagster as dg
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, StatusCode

from dagster_openai_otel.identity import span_id, trace_id
from tests.steps.asking import materialize
from tests.steps.spanning import spans_of_this_process


class RefusalError(Exception):
    """What the steps below fail with."""


BROKEN: set[str] = set()


@dg.op
def first() -> int:
    return 1


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def second(context: dg.OpExecutionContext, first: int) -> int:
    if context.retry_number == 0:
        raise RefusalError
    return first


@dg.op
def third(second: int) -> None:
    if "third" in BROKEN:
        message = "canary-secret"
        raise RefusalError(message)


@dg.job
def job():
    third(second(first()))


@dg.asset
def poem():
    pass


def failing_resource(_: Any):
    raise RefusalError


@dg.op(required_resource_keys={"bad"})
def needing():
    pass


@dg.job(resource_defs={"bad": dg.ResourceDefinition(failing_resource)})
def badly_prepared():
    needing()


@dg.op
def interrupted(context: dg.OpExecutionContext):
    context.instance.report_run_canceling(context.run)
    raise dg.DagsterExecutionInterruptedError


@dg.job
def canceled():
    interrupted()


def spans_of(exported: Any, run_id: str) -> dict[str, Any]:
    """The spans of a run by name; of several attempts, the last."""
    found = exported.get_finished_spans()
    return {span.name: span for span in found if span.context.trace_id == trace_id(run_id)}


def links(span: Any) -> list[tuple[str, int, int]]:
    return [
        (str(link.attributes["dagster.link"]), link.context.trace_id, link.context.span_id)
        for link in span.links
    ]


def test_a_run_that_went_well_says_so_and_has_no_error(instance):
    with spans_of_this_process(webserver_url="http://dagster:3000") as exported:
        run_id = job.execute_in_process(instance=instance, tags={"user": "ada", "other": "x"}).run_id

    span = spans_of(exported, run_id)["run job"]
    assert (span.kind, span.parent, span.status.status_code) == (SpanKind.SERVER, None, StatusCode.UNSET)
    assert dict(span.attributes) == {
        "dagster.run_id": run_id,
        "dagster.job_name": "job",
        "dagster.run.status": "SUCCESS",
        "dagster.run.launched_by": "manual",
        "enduser.id": "ada",
        "dagster.run.url": f"http://dagster:3000/runs/{run_id}",
    }


def test_a_run_that_failed_says_of_what_without_the_message(instance):
    BROKEN.add("third")
    try:
        with spans_of_this_process() as exported:
            run_id = job.execute_in_process(instance=instance, raise_on_error=False).run_id
    finally:
        BROKEN.clear()

    span = spans_of(exported, run_id)["run job"]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "RefusalError")
    assert (span.attributes["dagster.run.status"], span.attributes["error.type"]) == (
        "FAILURE",
        "RefusalError",
    )
    assert "canary" not in span.to_json()


def test_a_run_that_is_canceled_says_so(instance):
    with spans_of_this_process() as exported:
        run_id = canceled.execute_in_process(instance=instance, raise_on_error=False).run_id

    span = spans_of(exported, run_id)["run canceled"]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "canceled")
    assert span.attributes["dagster.run.status"] == "CANCELED"


def test_a_run_whose_resources_fail_has_a_span_too(instance):
    with spans_of_this_process() as exported:
        run_id = badly_prepared.execute_in_process(instance=instance, raise_on_error=False).run_id

    (span,) = spans_of(exported, run_id).values()
    assert (span.name, span.status.description) == ("run badly_prepared", "RefusalError")


def test_a_run_that_raises_into_its_caller_has_a_span_that_failed(instance):
    with spans_of_this_process() as exported, pytest.raises(dg.DagsterError):
        badly_prepared.execute_in_process(instance=instance)

    (span,) = exported.get_finished_spans()
    assert span.attributes["dagster.run.status"] == "FAILURE"


@pytest.mark.parametrize(
    ("tags", "attributes"),
    [
        ({}, {"dagster.run.launched_by": "manual"}),
        (
            {"dagster/schedule_name": "nightly", "dagster/tick": "7"},
            {
                "dagster.run.launched_by": "schedule",
                "dagster.schedule_name": "nightly",
                "dagster.tick_id": "7",
            },
        ),
        (
            {"dagster/sensor_name": "files", "dagster/code_location": "ours"},
            {
                "dagster.run.launched_by": "sensor",
                "dagster.sensor_name": "files",
                "dagster.code_location": "ours",
            },
        ),
        (
            {"dagster/from_automation_condition": "true", "dagster/sensor_name": "default"},
            {"dagster.run.launched_by": "automation", "dagster.sensor_name": "default"},
        ),
        (
            {"dagster/backfill": "fill", "dagster/partition": "2026-11-24", "user": "ada"},
            {
                "dagster.run.launched_by": "backfill",
                "dagster.backfill_id": "fill",
                "dagster.partition_key": "2026-11-24",
                "enduser.id": "ada",
            },
        ),
        (
            {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"},
            {
                "dagster.run.launched_by": "manual",
                "dagster.partition_range.start": "a",
                "dagster.partition_range.end": "c",
            },
        ),
    ],
    ids=["manual", "schedule", "sensor", "automation", "backfill", "range"],
)
def test_a_run_says_who_launched_it_and_over_which_partitions(tags, attributes, instance):
    with spans_of_this_process() as exported:
        run_id = materialize(instance, poem, tags=tags).result.run_id

    said = dict(spans_of(exported, run_id)["run __ephemeral_asset_job__"].attributes)
    always = ("dagster.run_id", "dagster.job_name", "dagster.run.status", "dagster.asset_keys")
    assert {name: value for name, value in said.items() if name not in always} == attributes


def test_a_run_says_which_assets_it_was_to_make(instance):
    with spans_of_this_process() as exported:
        run_id = materialize(instance, poem).result.run_id

    assert spans_of(exported, run_id)["run __ephemeral_asset_job__"].attributes["dagster.asset_keys"] == (
        "poem",
    )


@pytest.fixture(scope="module")
def made_anew() -> Any:
    """A run that failed at its last step, one from there on, and one from there on again; with spans."""
    BROKEN.add("third")
    with dg.DagsterInstance.local_temp() as instance, spans_of_this_process() as exported:
        runs: list[str] = []
        tags = {"dagster/retry_number": "1"}
        try:
            for number in range(3):
                if number == 2:
                    BROKEN.clear()
                again = dg.ReexecutionOptions.from_failure(runs[-1], instance) if runs else None
                with dg.execute_job(
                    dg.reconstructable(made_of_ops),
                    instance,
                    reexecution_options=again,
                    tags=tags if again else {},
                ) as result:
                    runs.append(result.run_id)
        finally:
            BROKEN.clear()
        yield runs, exported


def made_of_ops() -> dg.JobDefinition:
    return job.graph.to_job(name="job", executor_def=dg.in_process_executor)


def test_a_run_that_is_made_from_another_links_to_it_and_to_the_first(made_anew):
    (root, parent, run), exported = made_anew

    span = spans_of(exported, run)["run job"]
    assert links(span) == [
        ("parent_run", trace_id(parent), span_id(parent)),
        ("root_run", trace_id(root), span_id(root)),
    ]
    assert links(spans_of(exported, parent)["run job"]) == [("parent_run", trace_id(root), span_id(root))]
    assert (span.attributes["dagster.parent_run_id"], span.attributes["dagster.root_run_id"]) == (
        parent,
        root,
    )
    assert span.attributes["dagster.run.launched_by"] == "retry"


def test_a_step_whose_input_another_run_made_links_to_the_attempt_there_that_made_it(made_anew):
    (root, _, run), exported = made_anew

    assert links(spans_of(exported, run)["step third"]) == [
        ("depends_on", trace_id(root), span_id(root, "second", 1))
    ]
    sent = {span.context.span_id for span in exported.get_finished_spans()}
    assert span_id(root, "second", 1) in sent


def test_a_run_links_to_the_span_that_was_the_current_one_where_it_was_started(instance):
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("user")
    with spans_of_this_process() as exported, tracer.start_as_current_span("own") as own:
        run_id = materialize(instance, poem).result.run_id

    (link,) = links(spans_of(exported, run_id)["run __ephemeral_asset_job__"])
    assert link == ("caller", own.get_span_context().trace_id, own.get_span_context().span_id)
