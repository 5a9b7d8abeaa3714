"""A run that the tag `traceparent` nests under its caller."""

from typing import Any

import dagster as dg
import pytest
from opentelemetry import propagate
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, TraceIdRatioBased

from dagster_openai_otel.identity import span_id, trace_id, trace_id_of_run
from dagster_openai_otel.testing import FakeOpenAI
from tests.events import billed, run_totals, summed
from tests.export.collector import collecting
from tests.processes import run_python
from tests.steps.asking import ask, execute
from tests.steps.spanning import spans_of_this_process
from tests.trace.trees import Told

TRACE, SPAN = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331
CALLER = f"00-{TRACE:032x}-{SPAN:016x}-01"
UNSAMPLED = f"00-{TRACE:032x}-{SPAN:016x}-00"


@dg.asset
def poem():
    ask()


JOB = dg.Definitions([poem], jobs=[dg.define_asset_job("job")]).get_repository_def().get_job("job")


def test_a_run_with_a_caller_is_in_its_trace_and_the_child_of_its_span(api, instance):
    with spans_of_this_process() as exported:
        run_id = execute(instance, JOB, tags={"traceparent": CALLER, "tracestate": "vendor=1"}).result.run_id

    spans = {span.name: span for span in exported.get_finished_spans()}
    assert {span.context.trace_id for span in spans.values()} == {TRACE}
    assert (spans["run job"].parent.span_id, spans["run job"].context.span_id) == (SPAN, span_id(run_id))
    assert spans["step poem"].parent.span_id == span_id(run_id)
    assert [dict(span.context.trace_state) for span in spans.values()] == [{"vendor": "1"}] * len(spans)


@pytest.mark.parametrize("sampler", [None, TraceIdRatioBased(0)], ids=["flag", "sampler"])
def test_a_run_whose_caller_or_sampler_does_not_sample_is_not_exported_and_its_usage_is_recorded(
    sampler, api, instance
):
    with spans_of_this_process(sampler) as exported:
        ran = execute(instance, JOB, tags={"traceparent": CALLER if sampler else UNSAMPLED})

    assert exported.get_finished_spans() == ()
    assert summed(ran.shown) == billed(api.bill)


@pytest.mark.parametrize(
    "tag", ["", "canary", CALLER[:-1], f"00-{0:032x}-{SPAN:016x}-01", f"ff-{TRACE:032x}-{SPAN:016x}-01"]
)
def test_a_tag_that_is_no_trace_context_is_left_out_and_said_once(tag, api, instance, caplog):
    with spans_of_this_process(ALWAYS_ON) as exported:
        run_id = execute(instance, JOB, tags={"traceparent": tag}).result.run_id

    (span,) = [span for span in exported.get_finished_spans() if span.name == "run job"]
    assert (span.context.trace_id, span.parent) == (trace_id(run_id), None)
    said = [record.getMessage() for record in caplog.records if "traceparent" in record.getMessage()]
    assert said == [f"run {run_id}: its tag traceparent is no W3C trace context, so it is left out"]


def test_a_tag_forces_a_run_to_be_sampled_also_where_its_caller_is_not(api, instance):
    tags = {"traceparent": UNSAMPLED, "openai/trace_sampled": "true"}
    with spans_of_this_process() as exported:
        execute(instance, JOB, tags=tags)

    assert len(exported.get_finished_spans()) == 3


def test_links_in_the_metadata_lead_to_the_trace_of_the_caller(api, instance):
    with spans_of_this_process(trace_url="http://traces/{trace_id}"):
        ran = execute(instance, JOB, tags={"traceparent": CALLER})

    link = f"http://traces/{TRACE:032x}"
    assert [shown.metadata["openai/trace"] for shown in ran.shown] == [link]
    assert [total["openai/trace"] for total in run_totals(instance, ran.result.run_id)] == [link]


def test_the_trace_of_a_run_is_known_from_its_id_and_its_tags():
    run_id = "01234567-89ab-4cde-8f01-23456789abcd"

    assert trace_id_of_run(run_id, {}) == trace_id(run_id)
    assert trace_id_of_run(run_id, {"traceparent": CALLER}) == TRACE
    assert trace_id_of_run(run_id, {"traceparent": "canary"}) == trace_id(run_id)
    assert trace_id_of_run(run_id, {"tracestate": "vendor=1"}) == trace_id(run_id)


@dg.sensor(job=JOB)
def files():
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return dg.RunRequest(tags=carrier)


def test_a_sensor_that_injects_its_context_nests_the_runs_under_its_tick_which_has_a_span_then(api, instance):
    with spans_of_this_process() as exported:
        (request,) = files.evaluate_tick(dg.build_sensor_context(instance=instance)).run_requests or ()
        execute(instance, JOB, tags=dict(request.tags))

    spans = {span.name: span for span in exported.get_finished_spans()}
    assert sorted(spans) == ["chat gpt-5-mini", "run job", "sensor files", "step poem"]
    assert len({span.context.trace_id for span in spans.values()}) == 1
    assert spans["run job"].parent.span_id == spans["sensor files"].context.span_id


RUN = """
    import dagster as dg
    from tests.export import pipeline

    if __name__ == "__main__":
        job = dg.reconstructable(pipeline.job)
        with (
            dg.DagsterInstance.local_temp() as instance,
            dg.execute_job(job, instance, raise_on_error=True, tags={"traceparent": %r}) as result,
        ):
            print(result.run_id)
"""


@pytest.mark.slow
def test_all_processes_of_a_run_are_in_the_trace_of_its_caller():
    with FakeOpenAI() as api, collecting() as collector:
        run_python(RUN % CALLER, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **api.environment)

    told: Any = Told(collector.spans)
    assert told.traces == {TRACE}
    assert told.tree == [
        "run both",
        "  step first",
        "    openai.chat",
        "      POST /chat/completions",
        "  step second",
        "    chat gpt-5-mini",
    ]
    assert [int.from_bytes(root.parent_span_id) for root in told.roots] == [SPAN]
