"""Request spans where nothing is exported: counted like those of the SDK."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.trace import SpanContext, TraceFlags, Tracer

from dagster_openai_otel import conventions
from dagster_openai_otel.ledger import ANY, Ledger
from dagster_openai_otel.processor import unwatch, watch
from dagster_openai_otel.scope import StepScope, entered
from dagster_openai_otel.settings import Settings
from dagster_openai_otel.tracers import calls_tracer, steps_tracer
from dagster_openai_otel.tracing import Telemetry
from dagster_openai_otel.unexported import UnexportedSpan

CALL = {conventions.OPENAI_CALL: True, "openai.usage.input_tokens": 3, "openai.usage.total_tokens": 3}


@pytest.fixture
def tracer() -> Tracer:
    return calls_tracer(Telemetry(Settings()))


@pytest.fixture
def step():
    scope = StepScope(run_id="run", step_key="step", attributes={conventions.STEP_KEY: "step"})
    with entered(scope):
        yield scope


def test_without_an_exporter_requests_get_light_spans_and_steps_those_of_the_sdk(tracer):
    telemetry = Telemetry(Settings())
    light = tracer.start_span("chat")
    light.end()
    with steps_tracer(telemetry).start_as_current_span("step") as step:
        pass
    assert (type(light), isinstance(step, Span)) == (UnexportedSpan, True)


def test_where_somebody_can_see_them_requests_get_spans_of_the_sdk():
    provider = TracerProvider(shutdown_on_exit=False)
    span = calls_tracer(Telemetry(Settings(tracer_provider=provider))).start_span("chat")
    span.end()
    assert isinstance(span, Span)


def test_a_call_is_booked_once_for_its_step_however_often_its_span_ends(tracer, step):
    span = tracer.start_span("chat", attributes={"before": 1})
    assert len(step.open_calls) == 1
    span.set_attributes(CALL)
    span.set_attribute(conventions.OPENAI_MODEL, "gpt-5-mini")
    span.end()
    span.end()
    (tally,) = step.ledger.take().values()
    assert (tally.sums.calls, tally.sums.usage.total_tokens) == (1, 3)
    assert [model.name for model in tally.by_model] == ["gpt-5-mini"]
    assert not step.open_calls


def test_its_length_is_the_time_from_start_to_end(tracer, step):
    span = tracer.start_span("chat", attributes=CALL)
    span.end(end_time=span.start_time + 1_500_000_000)
    assert step.ledger.take()[ANY].sums.duration_s == 1.5


def test_it_belongs_to_the_trace_that_it_was_started_in(tracer):
    around = SpanContext(0x7, 0x9, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    context = trace.set_span_in_context(trace.NonRecordingSpan(around))
    span = tracer.start_span("chat", context)
    span.end()
    alone = tracer.start_span("chat")
    alone.end()
    number = span.get_span_context()
    assert (number.trace_id, number.trace_flags) == (0x7, TraceFlags.SAMPLED)
    assert number.span_id not in {0, 0x9}
    assert alone.get_span_context().is_valid
    assert alone.get_span_context().trace_id != 0x7


def test_it_can_be_the_current_span_and_takes_all_that_a_span_takes(tracer):
    ledger = Ledger()
    watch(ledger)
    try:
        with tracer.start_as_current_span("chat") as span:
            assert trace.get_current_span() is span
            assert span.is_recording()
            span.update_name("chat gpt-5-mini")
            span.add_event("event")
            span.set_status(trace.StatusCode.ERROR)
            span.record_exception(ValueError("secret"))
            span.set_attributes(CALL)
    finally:
        unwatch(ledger)
    assert not span.is_recording()
    assert isinstance(span, UnexportedSpan)
    assert span.attributes == CALL
    assert ledger.take()[ANY].sums.calls == 1
